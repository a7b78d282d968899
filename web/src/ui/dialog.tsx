// The browser's own dialog: it keeps the focus, Escape closes it, and the focus goes back to where it came from.
import { type ReactNode, useEffect, useRef } from "react";
import { CloseIcon } from "./icons";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Small: a question. Bare: its own head, like the palette. */
  kind?: "plain" | "small" | "bare";
}

/** What is meant to be used first: what says so, else the first field; not the button that closes. */
function firstOf(dialog: HTMLDialogElement | null): HTMLElement | undefined | null {
  return dialog?.querySelector<HTMLElement>("[data-first]") ?? dialog?.querySelector<HTMLElement>("input, select, textarea");
}

export function Dialog({ title, onClose, children, kind = "plain" }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    (firstOf(dialog.current) ?? dialog.current)?.focus();
    // The browser gives the focus back when a dialog closes, but not when it is taken off the page.
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      role="dialog"
      tabIndex={-1}
      className={kind}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      {kind === "bare" ? (
        children
      ) : (
        <div className="dialog">
          <header>
            <h2>{title}</h2>
            <button type="button" onClick={() => dialog.current?.close()} aria-label="Close" title="Close · key Esc">
              <CloseIcon size={16} />
            </button>
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
