// What a person can do for a run that waits: send the event, complete the token, say how a task in doubt ended.
import { type ReactNode, useState } from "react";
import { send } from "../../api/client";
import { Button } from "../../ui/button";
import { SendIcon } from "../../ui/icons";
import { parse } from "../../ui/json-field";
import { attempt } from "../../ui/toast";
import type { Run } from "./live";

export function AnswerWithEvent({ name, id }: { name: string; id: string | null }) {
  const answer = (payload: unknown) => attempt(send("post", "/api/v1/events", {}, { name, id, payload }), `${name} was sent`);
  return <AnswerWithJson label={`Payload of ${name}`} does={`Send ${name}`} onAnswer={answer} />;
}

export function CompleteToken({ wait }: { wait: Run["waiting_for"][number] }) {
  const id = wait.target_id;
  if (!id) return null;
  const answer = (output: unknown) => attempt(send("post", "/api/v1/tokens/{id}/complete", { id }, { output }), "The token is completed");
  return <AnswerWithJson label="What the token is completed with" does="Complete it" onAnswer={answer} />;
}

interface AnswerProps {
  label: string;
  does: string;
  begin?: string;
  onAnswer: (value: unknown) => Promise<unknown>;
  /** What can be said instead. */
  children?: ReactNode;
}

function AnswerWithJson({ label, does, begin = "{}", onAnswer, children }: AnswerProps) {
  const [text, setText] = useState(begin);
  const [problem, say] = useState("");
  const answer = async () => {
    const { value, problem: fault } = parse(text);
    say(fault ?? "");
    if (!fault) await onAnswer(value);
  };
  return (
    <form
      className="answer"
      onSubmit={(event) => {
        event.preventDefault();
        void answer();
      }}
    >
      <label>
        {label}
        <textarea value={text} onChange={(event) => setText(event.target.value)} rows={2} spellCheck={false} aria-invalid={problem !== ""} />
      </label>
      {problem && (
        <p className="bad-text" role="alert">
          {problem}
        </p>
      )}
      <p className="row-of">
        <Button kind="main" type="submit" icon={<SendIcon size={14} />}>
          {does}
        </Button>
        {children}
      </p>
    </form>
  );
}

/** A person says whether it was done, which nobody else knows, and what it came to. */
export function Settle({ run, task }: { run: Run; task: string }) {
  const settle = (said: { verdict: string; output?: unknown; message?: string }) =>
    attempt(send("post", "/api/v1/runs/{id}/tasks/{key}/settle", { id: run.id, key: task }, said), "It is settled, and the run goes on");
  return (
    <AnswerWithJson label={`What ${task} came to, if it was done`} does="It was done" begin="null" onAnswer={(output) => settle({ verdict: "done", output })}>
      <Button onClick={() => void settle({ verdict: "retry" })}>It was not: try again</Button>
      <Button kind="danger" onClick={() => void settle({ verdict: "fail", message: "settled by hand" })}>
        It failed
      </Button>
    </AnswerWithJson>
  );
}
