// Where runs stand: how deep each queue is, its slots, who pauses it; the limit of all, and the circuit breakers.
import { Link } from "wouter";
import { send, type Shape } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { by } from "../../ui/me";
import { Listed, Page } from "../../ui/page";
import { Empty } from "../../ui/said";
import { Slots } from "../../ui/slots";
import { attempt } from "../../ui/toast";
import { Breakers } from "./breakers";
import { EnvironmentLimit } from "./environment";
import "../../style/operate.css";

export type Queue = Shape<"QueueShape">;

export async function turn(queue: Queue): Promise<void> {
  const params = { name: queue.name };
  await (queue.paused_at
    ? attempt(send("post", "/api/v1/queues/{name}/resume", params), `${queue.name} goes on`)
    : attempt(send("post", "/api/v1/queues/{name}/pause", params, by()), `${queue.name} is paused`));
  refresh("/api/v1/queues");
}

export const pathOf = (name: string): string => `/queues/${encodeURIComponent(name)}`;

export default function QueuesPage() {
  const read = useRead("/api/v1/queues", { limit: 200 }, { every: 5_000 });
  return (
    <Page title="Queues" filter={<EnvironmentLimit />}>
      <Listed read={read} empty={<Empty title="Here is who waits for whom. No job has been registered yet, so there is no queue." />}>
        {(rows) => (
          <div className="sheet">
            <table className="list worded">
              <thead>
                <tr>
                  <th>Queue</th>
                  <th>Running</th>
                  <th className="number">Waiting</th>
                  <th className="number took">The oldest since</th>
                  <th className="wide">Starts</th>
                  <th className="took">
                    <span className="unseen">Do</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((queue) => (
                  <Row key={queue.name} queue={queue} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
      <Breakers />
    </Page>
  );
}

function Row({ queue }: { queue: Queue }) {
  return (
    <tr className={queue.paused_at ? "off" : undefined}>
      <td className="main">
        <Link href={pathOf(queue.name)}>{queue.name}</Link>
        {queue.is_changed && <span className="note">limits changed</span>}
        <Paused queue={queue} />
      </td>
      <td>
        <Slots taken={queue.running + queue.admitted} of={queue.limits.concurrency} what={queue.name} />
      </td>
      <td className="number">
        {(queue.depth + queue.unserved).toLocaleString()}
        {queue.unserved > 0 && <span className="note bad-text">{queue.unserved === queue.depth + queue.unserved ? "no worker has their job" : `${queue.unserved.toLocaleString()} without a worker`}</span>}
      </td>
      <td className="number took">
        <At at={queue.oldest_at} />
      </td>
      <td className="wide faint">{queue.limits.rate ?? "as they come"}</td>
      <td className="does took">
        <Button kind="quiet" onClick={() => void turn(queue)}>
          {queue.paused_at ? "Resume" : "Pause"}
        </Button>
      </td>
    </tr>
  );
}

/** That nothing of it starts, since when, and who said so. */
export function Paused({ queue }: { queue: Queue }) {
  if (!queue.paused_at) return null;
  return (
    <span className="note warn-text">
      paused <At at={queue.paused_at} />
      {queue.paused_by && ` by ${queue.paused_by}`}: nothing of it starts
    </span>
  );
}
