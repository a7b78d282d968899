import { useState } from "react";
import { CopyIcon, DoneIcon } from "./icons";

/** `text` as a function: long ones are written when they are wanted. */
export function Copy({ text, label }: { text: string | (() => string); label: string }) {
  const [isDone, setDone] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(typeof text === "string" ? text : text()).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1_200);
    });
  };
  return (
    <button type="button" className="copy" onClick={copy} title={`Copy ${label}`} aria-label={`Copy ${label}`}>
      {isDone ? <DoneIcon size={13} /> : <CopyIcon size={13} />}
    </button>
  );
}

/** A command to type, with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <Copy text={text} label="the command" />
    </div>
  );
}
