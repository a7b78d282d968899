// The browser's own dialog: it keeps the focus, and Escape closes it.
import { type ReactNode, useEffect, useRef } from "react";
import { CloseIcon } from "./icons";

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      role="dialog"
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div className="dialog">
        <header>
          <h2>{title}</h2>
          <button type="button" onClick={() => dialog.current?.close()} aria-label="Close" title="Close · key Esc">
            <CloseIcon size={16} />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
