// Why a run is not going on, and what would make it: pending, waiting, failed.
import { useState } from "react";
import { Link } from "wouter";
import { send, type Shape } from "../../api/client";
import { useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At, useNow } from "../../ui/clock";
import { Command } from "../../ui/copy";
import { span } from "../../ui/format";
import { SendIcon } from "../../ui/icons";
import { parse } from "../../ui/json-field";
import { attempt } from "../../ui/toast";
import { Quorum } from "../approvals/answers";
import { waitWords } from "../runs/table";
import type { Run } from "./live";

type Wait = Run["waiting_for"][number];

export function PendingCard({ run }: { run: Run }) {
  const why = useRead(run.status === "PENDING" ? "/api/v1/runs/{id}/why" : null, { id: run.id }, { every: 3_000 });
  const reason = why.data?.reason ?? run.pending_reason;
  if (run.status !== "PENDING" || !reason) return null;
  return (
    <section className="card warn-card" aria-label="Why it has not started">
      <h2>It has not started: {reason.message}</h2>
      {reason.until && (
        <p>
          Until <Countdown until={reason.until} />.
        </p>
      )}
      {reason.held_by.length > 0 && (
        <p>
          Held by{" "}
          {reason.held_by.slice(0, 5).map((id) => (
            <Link key={id} href={`/runs/${id}`} className="mono">
              {id}
            </Link>
          ))}
        </p>
      )}
      {reason.action && <Command text={reason.action} />}
    </section>
  );
}

export function WaitingCards({ run }: { run: Run }) {
  if (run.status !== "WAITING") return null;
  return (
    <>
      {run.waiting_for.slice(0, 5).map((wait) => (
        <WaitingCard key={wait.task} run={run} wait={wait} />
      ))}
      {run.waiting_for.length > 5 && <p className="faint pad">and {run.waiting_for.length - 5} waits more</p>}
    </>
  );
}

function WaitingCard({ run, wait }: { run: Run; wait: Wait }) {
  return (
    <section className="card wait-card" aria-label={`Waiting in ${wait.task}`}>
      <h2>
        {capital(waitWords(wait))} <span className="faint mono">{wait.task}</span>
      </h2>
      {wait.kind === "approval" && wait.target_id && <Asked id={wait.target_id} />}
      <p>
        Since <At at={wait.since} />
        {wait.until && (
          <>
            , until <At at={wait.until} /> (<Countdown until={wait.until} />)
          </>
        )}
        .
      </p>
      {wait.kind === "event" && wait.event_name && <AnswerWithEvent name={wait.event_name} id={wait.id} />}
      {wait.kind === "approval" && (
        <Link className="button main" href={wait.target_id ? `/approvals/${wait.target_id}` : `/approvals?run=${run.id}`}>
          Answer it
        </Link>
      )}
      {wait.kind === "token" && <CompleteToken wait={wait} />}
      {wait.kind === "in_doubt" && <Settle run={run} task={wait.task} />}
      {wait.kind === "drift" && (
        <Button onClick={() => void attempt(send("post", "/api/v1/runs/{id}/resume", { id: run.id }), "It goes on")}>
          Let it go on
        </Button>
      )}
    </section>
  );
}

/** Whom a question waits for. */
function Asked({ id }: { id: string }) {
  const approval = useRead("/api/v1/approvals/{id}", { id }, { every: 5_000 }).data;
  if (!approval) return null;
  const answered = new Set(approval.answers.map((each) => each.by));
  const left = approval.people.filter((each) => !each.delegated_to && !answered.has(each.person)).map((each) => each.person);
  return (
    <p className="row-of">
      <Quorum approval={approval} />
      <span>{left.length ? `Asked: ${left.join(", ")}` : "Anybody may answer."}</span>
    </p>
  );
}

function AnswerWithEvent({ name, id }: { name: string; id: string | null }) {
  const answer = (payload: unknown) => attempt(send("post", "/api/v1/events", {}, { name, id, payload }), `${name} was sent`);
  return <AnswerWithJson label={`Payload of ${name}`} does={`Send ${name}`} onAnswer={answer} />;
}

function CompleteToken({ wait }: { wait: Wait }) {
  const id = wait.target_id;
  if (!id) return null;
  const answer = (output: unknown) => attempt(send("post", "/api/v1/tokens/{id}/complete", { id }, { output }), "The token is completed");
  return <AnswerWithJson label="What the token is completed with" does="Complete it" onAnswer={answer} />;
}

interface AnswerProps {
  label: string;
  does: string;
  onAnswer: (value: unknown) => Promise<unknown>;
}

function AnswerWithJson({ label, does, onAnswer }: AnswerProps) {
  const [text, setText] = useState("{}");
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
      <Button kind="main" type="submit" icon={<SendIcon size={14} />}>
        {does}
      </Button>
    </form>
  );
}

function Settle({ run, task }: { run: Run; task: string }) {
  const settle = (verdict: string) =>
    attempt(
      send("post", "/api/v1/runs/{id}/tasks/{key}/settle", { id: run.id, key: task }, { verdict, message: verdict === "fail" ? "settled by hand" : null }),
      "Settled",
    );
  return (
    <p className="row-of">
      <Button onClick={() => void settle("done")}>It was done</Button>
      <Button onClick={() => void settle("retry")}>Try it again</Button>
      <Button kind="danger" onClick={() => void settle("fail")}>
        It failed
      </Button>
    </p>
  );
}

function Countdown({ until }: { until: string }) {
  const left = Date.parse(until) - useNow();
  return <span className="count">{left > 0 ? `${span(left)} left` : "due"}</span>;
}

/** The message first; of the traceback the frames of the user's own code, the rest folded. */
export function ErrorCard({ failure, run }: { failure: Shape<"FailureShape"> | null; run?: Run }) {
  if (!failure) return null;
  return (
    <section className="card bad-card" aria-label="Error">
      <h2>
        {failure.message} <span className="faint mono">{failure.type}</span>
      </h2>
      <p>
        {failure.task && (
          <>
            In <span className="mono">{failure.task}</span>.{" "}
          </>
        )}
        {run && run.max_attempts > 1 && `${run.attempt} of ${run.max_attempts} attempts of the run. `}
        {run && !run.finished_at && (
          <>
            It is tried again{run.status === "PENDING" && Date.parse(run.available_at) > Date.now() ? <> <At at={run.available_at} /></> : ""}.
          </>
        )}
        {run?.finished_at && "It is not tried again. Mend it, then replay it: all of it, or from a task on. "}
      </p>
      {failedRunIn(failure) && (
        <p>
          <Link href={`/runs/${failedRunIn(failure)}`}>The run that failed</Link>
        </p>
      )}
      {run?.error_id && (
        <p>
          <Link href={`/errors/${run.error_id}`}>All runs that failed so</Link>
        </p>
      )}
      {failure.traceback && <Traceback text={failure.traceback} />}
    </section>
  );
}

/** The child whose failure this is. */
const failedRunIn = ({ type, message }: Shape<"FailureShape">): string | undefined =>
  type === "RunFailed" ? message.match(/\brun_[0-9A-Z]{26}\b/)?.[0] : undefined;

const LIBRARY = /site-packages|[\\/]lib[\\/]python|mainspring[\\/](worker|sdk|engine|client)/;

function Traceback({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false);
  const frames = text.split(/\n(?= {2}File )/);
  const head = frames.shift() ?? "";
  const last = (frames.at(-1) ?? "").split("\n");
  const message = last.filter((line) => !line.startsWith("  ")).join("\n");
  const own = frames.filter((frame) => !LIBRARY.test(frame.split("\n")[0] ?? ""));
  const folded = frames.length - own.length;
  if (isWhole || !own.length || !folded) return <pre className="traceback">{text}</pre>;
  return (
    <>
      <pre className="traceback">
        {[head, ...own.map((frame) => frame.split("\n").filter((line) => line.startsWith("  ")).join("\n")), message].filter(Boolean).join("\n")}
      </pre>
      <Button kind="quiet" onClick={() => setWhole(true)}>
        Show {folded} frames of libraries
      </Button>
    </>
  );
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
