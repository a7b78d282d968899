// What came of an event, in words: the runs it started, and why others were not.
import { Link } from "wouter";
import type { Shape } from "../../api/client";
import { At } from "../../ui/clock";
import { count } from "../../ui/format";
import { Status } from "../../ui/status";

export type Event = Shape<"EventShape">;
type Rejection = Event["rejected"][number];

const refusal = (each: Rejection) => each.errors.map((error) => `${error.path || "payload"} ${error.message}`).join("; ") || "its schema does not take it";

/** In a line of the list. */
export function Outcome({ event }: { event: Event }) {
  if (event.cancelled_at) return <span className="faint">cancelled before its delivery</span>;
  if (!event.delivered_at)
    return (
      <span className="warn-text">
        to be delivered <At at={event.deliver_at} />
      </span>
    );
  const takers = event.taken_by ?? [];
  const isIdle = !event.runs.length && !event.rejected.length && !takers.length;
  return (
    <span className="outcome">
      {event.runs.slice(0, 3).map((run) => (
        <Link key={run.id} href={`/runs/${run.id}`}>
          {run.status ? <Status status={run.status} /> : "→"} {run.job_id}
        </Link>
      ))}
      {event.runs.length > 3 && <span className="faint">and {count(event.runs.length - 3, "run")} more</span>}
      {takers.slice(0, 3).map((taker) => (
        <Link key={taker.run_id} href={`/runs/${taker.run_id}`} title={`Its wait ${taker.task_key} took the event`}>
          <Status status={taker.status} /> {taker.job_id} waited for it
        </Link>
      ))}
      {takers.length > 3 && <span className="faint">and {event.taken_by_more ? "more than " : ""}{count(takers.length - 3, "waiting run")} more</span>}
      {event.rejected.slice(0, 2).map((each) => (
        <span key={each.job_id} className="bad-text" title={refusal(each)}>
          {each.job_id}: {refusal(each)}
        </span>
      ))}
      {isIdle && <span className="faint">{event.skipped[0] ? `${event.skipped[0].job_id}: ${event.skipped[0].message}` : (event.hint ?? "no job listens")}</span>}
    </span>
  );
}

/** Each job that listens, and what it made of it. */
export function Outcomes({ event }: { event: Event }) {
  if (event.cancelled_at)
    return (
      <p>
        It was cancelled <At at={event.cancelled_at} />, before its delivery: it starts nothing.
      </p>
    );
  if (!event.delivered_at)
    return (
      <p>
        It is put off: delivered <At at={event.deliver_at} />, if nobody cancels it.
      </p>
    );
  if (!event.runs.length && !event.taken_by?.length && !event.rejected.length && !event.skipped.length) return <p>No job listens for {event.name}. {event.hint}</p>;
  return (
    <div className="sheet">
      <table className="list outcomes">
        <thead>
          <tr>
            <th>Job</th>
            <th>Run</th>
          </tr>
        </thead>
        <tbody>
          {event.runs.map((run) => (
            <tr key={run.id}>
              <td className="mono">{run.job_id}</td>
              <td>
                <Link href={`/runs/${run.id}`}>
                  {run.status && <Status status={run.status} />} <span className="mono">{run.id}</span>
                </Link>
              </td>
            </tr>
          ))}
          {event.taken_by?.map((taker) => (
            <tr key={taker.run_id}>
              <td className="mono">{taker.job_id}</td>
              <td>
                <Link href={`/runs/${taker.run_id}`}>
                  <Status status={taker.status} /> <span className="mono">{taker.run_id}</span>
                </Link>{" "}
                waited for it: <span className="mono">{taker.task_key}</span>
              </td>
            </tr>
          ))}
          {event.taken_by_more && (
            <tr>
              <td />
              <td className="faint">More runs waited for it and took it than are shown.</td>
            </tr>
          )}
          {event.rejected.map((each) => (
            <tr key={each.job_id}>
              <td className="mono">{each.job_id}</td>
              <td className="bad-text">schema: {refusal(each)}</td>
            </tr>
          ))}
          {event.skipped.map((each) => (
            <tr key={each.job_id + each.reason}>
              <td className="mono">{each.job_id}</td>
              <td className="faint">{each.message}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
