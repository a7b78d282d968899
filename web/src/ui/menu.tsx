// More that can be done than there are buttons for. The browser's popover: above all else, gone with Escape or a
// click beside it.
import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { Button } from "./button";
import { MoreIcon } from "./icons";

export interface Choice {
  does: string;
  act: () => void;
  icon?: ReactNode;
  /** The key that does the same. */
  hint?: string;
  isDanger?: boolean;
  isOff?: boolean;
}

interface Props {
  /** What it is about, for those who do not see it: "More of the run". */
  label: string;
  choices: Choice[];
  /** Instead of the three dots. */
  children?: ReactNode;
}

export function Menu({ label, choices, children }: Props) {
  const id = useId();
  const button = useRef<HTMLDivElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const open = () => {
    const box = menu.current;
    const at = button.current?.getBoundingClientRect();
    if (!box || !at) return;
    if (box.matches(":popover-open")) return box.hidePopover();
    box.showPopover();
    const { width, height } = box.getBoundingClientRect();
    const isBelow = at.bottom + height + 8 < innerHeight;
    box.style.top = `${isBelow ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
    box.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
    box.querySelector<HTMLElement>("[role=menuitem]:not(:disabled)")?.focus();
  };
  const close = () => {
    menu.current?.hidePopover();
    button.current?.querySelector("button")?.focus();
  };
  return (
    <div className="menu-of" ref={button}>
      <Button
        kind={children ? "plain" : "quiet"}
        aria-haspopup="menu"
        aria-controls={id}
        aria-label={children ? undefined : label}
        title={children ? undefined : label}
        icon={children ? undefined : <MoreIcon size={16} />}
        onClick={open}
      >
        {children}
      </Button>
      <div className="menu" id={id} ref={menu} role="menu" aria-label={label} popover="auto" onKeyDown={(event) => walk(event, close)}>
        {choices.map((choice) => (
          <button
            key={choice.does}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className={choice.isDanger ? "bad-text" : undefined}
            disabled={choice.isOff}
            aria-keyshortcuts={choice.hint}
            onClick={() => {
              close();
              choice.act();
            }}
          >
            {choice.icon}
            <span>{choice.does}</span>
            {choice.hint && <kbd>{choice.hint}</kbd>}
          </button>
        ))}
      </div>
    </div>
  );
}

function walk(event: KeyboardEvent<HTMLDivElement>, close: () => void): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=menuitem]:not(:disabled)")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key in to) items[((to[event.key] ?? 0) + items.length) % items.length]?.focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else return;
  event.preventDefault();
  // The keys of the page are not meant while a menu is open.
  event.stopPropagation();
}
