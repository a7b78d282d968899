// What can be pressed on this page, and each also to be clicked.
import { Dialog } from "../ui/dialog";
import { type Key, keysNow } from "./keys";
import { namesOf } from "./names";

export function KeySheet({ onClose }: { onClose: () => void }) {
  const keys = keysNow();
  const go = keys.filter((key) => key.press.startsWith("g "));
  const always = keys.filter((key) => [".", "?", "n", "mod+k"].includes(key.press));
  const here = keys.filter((key) => !go.includes(key) && !always.includes(key));
  const act = (key: Key) => {
    onClose();
    // The page is not to be acted on below a dialog: first it is gone.
    setTimeout(key.act);
  };
  return (
    <Dialog title="Keys" onClose={onClose}>
      <Part name="On this page" keys={here} onAct={act} />
      <Part name="Everywhere" keys={always} onAct={act} />
      <Part name="Go to" keys={go} onAct={act} />
    </Dialog>
  );
}

function Part({ name, keys, onAct }: { name: string; keys: Key[]; onAct: (key: Key) => void }) {
  if (!keys.length) return null;
  return (
    <section aria-label={name}>
      <h3>{name}</h3>
      <ul className="keys">
        {keys.map((key) => (
          <li key={key.press}>
            <button type="button" data-press={key.press} onClick={() => onAct(key)}>
              <span>{key.does}</span>
              {namesOf(key.press).map((part, at) => (
                <kbd key={`${at}${part}`}>{part}</kbd>
              ))}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
