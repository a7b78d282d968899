// One queue: who has its slots, who is next and why they wait, its limits, and what the code says of them.
import { Link } from "wouter";
import type { Shape } from "../../api/client";
import { useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { BackIcon } from "../../ui/icons";
import { Page } from "../../ui/page";
import { Skeleton, Wrong } from "../../ui/said";
import { Slots } from "../../ui/slots";
import { Status } from "../../ui/status";
import { useLastPart } from "../../ui/place";
import { Paused, type Queue, turn } from ".";
import { Limits } from "./limits";
import "../../style/operate.css";

export default function QueuePage() {
  const name = useLastPart();
  const read = useRead("/api/v1/queues/{name}", { name }, { every: 3_000 });
  const queue = read.data;
  return (
    <Page
      title={name}
      filter={
        <Link href="/queues" className="back-to">
          <BackIcon size={14} /> Queues
        </Link>
      }
      actions={queue && <Button onClick={() => void turn(queue)}>{queue.paused_at ? "Resume" : "Pause"}</Button>}
    >
      {!queue ? read.problem ? <Wrong problem={read.problem} retry={read.reload} /> : <Skeleton /> : <About queue={queue} />}
    </Page>
  );
}

function About({ queue }: { queue: Queue }) {
  const why = useRead(queue.line[0] ? "/api/v1/runs/{id}/why" : null, { id: queue.line[0]?.run_id }, { every: 3_000 });
  return (
    <>
      <p className="pad row-of">
        <span>
          Running: <Slots taken={queue.running + queue.admitted} of={queue.limits.concurrency} what="Slots" />
        </span>
        <span>{(queue.depth + queue.unserved).toLocaleString()} waiting</span>
        {queue.oldest_at && (
          <span className="faint">
            the oldest since <At at={queue.oldest_at} />
          </span>
        )}
        {queue.is_shared && <span className="faint">several jobs stand in it</span>}
        <Paused queue={queue} />
      </p>
      <Limits queue={queue} />
      {queue.keys.some((each) => each.key) && (
        <>
          <h2 className="part">Keys that hold slots</h2>
          <ul className="keys pad">
            {queue.keys.map((each) => (
              <li key={each.key}>
                <span className="mono">{each.key || "without a key"}</span> <Slots taken={each.taken} of={queue.limits.per_key} what={each.key} />
              </li>
            ))}
          </ul>
        </>
      )}
      <h2 className="part">Who has a slot</h2>
      <Runs runs={queue.holders} none="Nobody has one." />
      <h2 className="part">Who is next</h2>
      {why.data?.reason && <p className="pad warn-text">The first waits: {why.data.reason.message}</p>}
      <Runs runs={queue.line} none={queue.depth ? "Nobody is held back: those that wait go on as workers take them." : "Nobody waits."} />
    </>
  );
}

function Runs({ runs, none }: { runs: Shape<"RunInQueueShape">[]; none: string }) {
  if (!runs.length) return <p className="pad faint">{none}</p>;
  return (
    <div className="sheet">
      <table className="list">
        <thead>
          <tr>
            <th>Run</th>
            <th>Status</th>
            <th>Job</th>
            <th>Key</th>
            <th className="wide number">Priority</th>
            <th className="number">Made</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.run_id}>
              <td className="mono">
                <Link href={`/runs/${run.run_id}`}>
                  {run.run_id.slice(0, 8)}…{run.run_id.slice(-6)}
                </Link>
              </td>
              <td>
                <Status status={run.status} />
              </td>
              <td>{run.job_id}</td>
              <td className="mono">{run.key ?? <span className="faint">–</span>}</td>
              <td className="wide number">{run.priority || <span className="faint">–</span>}</td>
              <td className="number">
                <At at={run.created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
