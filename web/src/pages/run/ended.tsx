// How a run ended that did not succeed, said calmly: what happened, and what can be done now.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { At } from "../../ui/clock";
import { capital } from "../../ui/format";
import { ErrorCard } from "./cards";
import type { Run } from "./live";

export function EndedCard({ run }: { run: Run }) {
  if (run.status === "CANCELLED")
    return (
      <Calm title={`It was cancelled${run.cancel_reason ? `: ${run.cancel_reason}` : "."}`}>
        {run.cancelled_by && (
          <>
            By <span className="mono">{run.cancelled_by}</span>.{" "}
          </>
        )}
        What was done before stays done. Replay starts it afresh.
      </Calm>
    );
  if (run.status === "EXPIRED")
    return (
      <Calm title="It was given up: nobody started it in time.">
        The latest it could begin was <At at={run.expires_at} otherwise="its expiry" />. Nothing of it has run. Replay starts it afresh.
      </Calm>
    );
  if (run.status === "TIMED_OUT")
    return (
      <Calm title="It took longer than it may." isBad>
        {run.error && `${capital(run.error.message)}. `}What was done before stays done. Give the job a longer <code>max_duration=</code>, or replay it.
        {run.error_id && (
          <>
            {" "}
            <Link href={`/errors/${run.error_id}`}>All runs that failed so</Link>
          </>
        )}
      </Calm>
    );
  return (
    <>
      {run.crashes > 1 && (
        <Calm title={`${run.crashes} workers in a row died with it.`} isBad>
          {run.finished_at
            ? "It is not tried again by itself, so that it takes no more of them along. Mend what kills the process, then replay it."
            : "It goes on apart from other runs, until it has made progress."}
        </Calm>
      )}
      <ErrorCard failure={run.error} run={run} />
    </>
  );
}

function Calm({ title, isBad, children }: { title: string; isBad?: boolean; children: ReactNode }) {
  return (
    <section className={isBad ? "card bad-card" : "card"} aria-label="How it ended">
      <h2>{title}</h2>
      <p>{children}</p>
    </section>
  );
}
