// The limits of a queue: as they count and as the code has them; set at once, or set back.
import { useState } from "react";
import { type Problem, send } from "../../api/client";
import { refresh } from "../../api/query";
import { Button } from "../../ui/button";
import { Wrong } from "../../ui/said";
import { attempt, toast } from "../../ui/toast";
import type { Queue } from ".";

const FIELDS = {
  concurrency: { label: "Runs at once", hint: "10", isCount: true },
  per_key: { label: "Of each key", hint: "2", isCount: true },
  rate: { label: "Starts", hint: "100/minute", isCount: false },
  key_rate: { label: "Starts of each key", hint: "5 per 10 seconds", isCount: false },
} as const;
type Name = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Name[];

export function Limits({ queue }: { queue: Queue }) {
  const [draft, setDraft] = useState<Partial<Record<Name, string>>>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const said = (name: Name) => draft[name] ?? String(queue.limits[name] ?? "");
  const changed = NAMES.filter((name) => said(name) !== String(queue.limits[name] ?? ""));
  const save = async () => {
    const body = Object.fromEntries(changed.map((name) => [name, valueOf(name, said(name))]));
    try {
      await send("patch", "/api/v1/queues/{name}", { name: queue.name }, body);
      setDraft({});
      setProblem(null);
      refresh("/api/v1/queues");
      toast("The limits count from now on");
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  const reset = async () => {
    await attempt(send("patch", "/api/v1/queues/{name}", { name: queue.name }, { reset: true }), "The limits are those of the code");
    setDraft({});
    setProblem(null);
    refresh("/api/v1/queues");
  };
  const wrong = (name: Name) => problem?.errors.find((each) => each.path === name)?.message;
  const isBeside = problem?.errors.some((each) => each.path in FIELDS);
  return (
    <form
      className="limits pad"
      aria-label="Limits"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {NAMES.map((name) => (
        <label key={name} className="field">
          <span>{FIELDS[name].label}</span>
          <input
            value={said(name)}
            placeholder={FIELDS[name].isCount ? "no limit" : "as they come"}
            title={`Like ${FIELDS[name].hint}; empty: no limit`}
            inputMode={FIELDS[name].isCount ? "numeric" : "text"}
            aria-invalid={Boolean(wrong(name))}
            autoComplete="off"
            onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
          />
          {wrong(name) && (
            <small className="bad-text" role="alert">
              {wrong(name)}
            </small>
          )}
          {queue.limits[name] !== queue.declared[name] && <small className="faint">the code says {queue.declared[name] ?? "no limit"}</small>}
        </label>
      ))}
      <div className="row-of">
        <Button kind="main" type="submit" disabled={!changed.length}>
          Set the limits
        </Button>
        {queue.is_changed && <Button onClick={() => void reset()}>Back to the code's</Button>}
      </div>
      {problem && !isBeside && <Wrong problem={problem} />}
    </form>
  );
}

function valueOf(name: Name, text: string): number | string | null {
  if (text.trim() === "") return null;
  // What is no number is sent as it is: the server says what is wrong with it.
  return FIELDS[name].isCount && !Number.isNaN(Number(text)) ? Number(text) : text.trim();
}
