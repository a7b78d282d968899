// A question before what cannot be taken back: `if (await confirm({...})) ...`.
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";

export interface Question {
  title: string;
  body?: ReactNode;
  /** What the button says: the verb, "Cancel 3 runs". */
  does: string;
  isDanger?: boolean;
  /** To be typed before the button can be pressed. */
  typed?: string;
}

interface Asked extends Question {
  answer: (isYes: boolean) => void;
}

let asked: Asked | null = null;
const watchers = new Set<() => void>();

function change(now: Asked | null): void {
  asked = now;
  for (const watcher of watchers) watcher();
}

/** True when the person agrees. */
export function confirm(question: Question): Promise<boolean> {
  asked?.answer(false);
  return new Promise((answer) => change({ ...question, answer }));
}

/** Where the questions are asked: once in the frame. */
export function Confirms() {
  const question = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => asked,
  );
  return question && <Ask key={question.title} question={question} />;
}

function Ask({ question }: { question: Asked }) {
  const [text, setText] = useState("");
  const isReady = question.typed === undefined || text.trim() === question.typed;
  const close = (isYes: boolean) => {
    question.answer(isYes);
    if (asked === question) change(null);
  };
  return (
    <Dialog kind="small" title={question.title} onClose={() => close(false)}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) close(true);
        }}
      >
        {question.body && <div>{question.body}</div>}
        {question.typed !== undefined && (
          <label className="field">
            <span>
              Type <code>{question.typed}</code>
            </span>
            <input value={text} onChange={(event) => setText(event.target.value)} autoComplete="off" spellCheck={false} />
          </label>
        )}
        <div className="row-of ends">
          <Button onClick={() => close(false)}>Leave it</Button>
          <Button kind={question.isDanger ? "danger" : "main"} type="submit" disabled={!isReady} data-first={question.typed === undefined || undefined}>
            {question.does}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
