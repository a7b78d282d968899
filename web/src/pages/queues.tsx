import { send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { Listed, Page } from "../ui/page";
import { Empty } from "../ui/said";
import { attempt } from "../ui/toast";

type Queue = Shape<"QueueShape">;

export default function QueuesPage() {
  const read = useRead("/api/v1/queues", { limit: 200 }, { every: 5_000 });
  return (
    <Page title="Queues">
      <Listed read={read} empty={<Empty title="Here is who waits for whom. No job has been registered yet, so there is no queue." />}>
        {(rows) => (
          <div className="sheet">
            <table className="list">
              <thead>
                <tr>
                  <th>Queue</th>
                  <th>Running</th>
                  <th className="number">Waiting</th>
                  <th className="number">The oldest since</th>
                  <th>
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
    </Page>
  );
}

const MOST_SLOTS_DRAWN = 24;

function Row({ queue }: { queue: Queue }) {
  const turn = async () => {
    const path = queue.paused_at ? "/api/v1/queues/{name}/resume" : "/api/v1/queues/{name}/pause";
    await attempt(send("post", path, { name: queue.name }), queue.paused_at ? `${queue.name} goes on` : `${queue.name} is paused`);
    refresh("/api/v1/queues");
  };
  return (
    <tr className={queue.paused_at ? "off" : undefined}>
      <td className="main">
        {queue.name}
        {queue.paused_at && <span className="note">paused: nothing of it starts</span>}
      </td>
      <td>
        <Slots taken={queue.running} of={queue.limits.concurrency} />
      </td>
      <td className="number">{(queue.depth + queue.unserved).toLocaleString()}</td>
      <td className="number">
        <At at={queue.oldest_at} />
      </td>
      <td className="does">
        <Button kind="quiet" onClick={() => void turn()}>
          {queue.paused_at ? "Resume" : "Pause"}
        </Button>
      </td>
    </tr>
  );
}

function Slots({ taken, of }: { taken: number; of: number | null }) {
  if (of === null) return <>{taken.toLocaleString()} <span className="faint">no limit</span></>;
  return (
    <span className="slots" title={`${taken} of ${of} taken`}>
      {of <= MOST_SLOTS_DRAWN && Array.from({ length: of }, (_, at) => <i key={at} className={at < taken ? "taken" : ""} />)}
      {taken} of {of}
    </span>
  );
}
