import { Dialog } from "../ui/dialog";
import { keysNow } from "./keys";

const NAMES: Record<string, string> = { Escape: "Esc", Enter: "↵", ArrowLeft: "←", ArrowRight: "→", C: "⇧C", X: "⇧X" };

export function KeySheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="keys">
        {keysNow().map((key) => (
          <div key={key.press}>
            <dt>
              {key.press.split(" ").map((part) => (
                <kbd key={part}>{NAMES[part] ?? part}</kbd>
              ))}
            </dt>
            <dd>{key.does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
