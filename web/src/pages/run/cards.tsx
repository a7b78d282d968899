// Why a run is not going on, and what would make it: pending, waiting, failed.
import { useState } from "react";
import { Link } from "wouter";
import { send, type Shape } from "../../api/client";
import { useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At, Since, Until } from "../../ui/clock";
import { Command } from "../../ui/copy";
import { capital } from "../../ui/format";
import { attempt } from "../../ui/toast";
import { Quorum } from "../approvals/answers";
import { waitWords } from "../runs/table";
import { AnswerWithEvent, CompleteToken, Settle } from "./answering";
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
          At the earliest <At at={reason.until} />.
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
      <p className="sentence">
        <Since at={wait.since} />
        {wait.until && (
          <>
            , <Until at={wait.until} />
          </>
        )}
      </p>
      {wait.kind === "event" && wait.event_name && <AnswerWithEvent name={wait.event_name} id={wait.id} />}
      {wait.kind === "approval" && (
        <Link className="button main" href={wait.target_id ? `/approvals/${wait.target_id}` : `/approvals?run=${run.id}`}>
          Answer it
        </Link>
      )}
      {wait.kind === "token" && <CompleteToken wait={wait} />}
      {wait.kind === "in_doubt" && <Settle run={run} task={wait.task} />}
      {wait.kind === "breaker" && (
        <Link className="button plain" href="/queues">
          To the breakers
        </Link>
      )}
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

/** The message first; of the traceback the frames of the user's own code, the rest folded. */
export function ErrorCard({ failure, run, isTitled = true }: { failure: Shape<"FailureShape"> | null; run?: Run; isTitled?: boolean }) {
  if (!failure) return null;
  return (
    <section className="card bad-card" aria-label="Error">
      {isTitled && (
        <h2>
          {failure.message} <span className="faint mono">{failure.type}</span>
        </h2>
      )}
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

/** The child whose failure this is: named last, behind what it says of its own children. */
const failedRunIn = ({ type, message }: Shape<"FailureShape">): string | undefined =>
  type === "RunFailed" ? message.match(/\brun_[0-9A-Z]{26}\b/g)?.at(-1) : undefined;

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
