// Many runs cancelled or replayed by one request: how far each has come, what could not be done, and its end by hand.
import { Link, useSearchParams } from "wouter";
import { send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { confirm } from "../ui/confirm";
import { Command } from "../ui/copy";
import { Listed, Page, Pager } from "../ui/page";
import { Empty } from "../ui/said";
import { Status } from "../ui/status";
import { attempt } from "../ui/toast";
import "../style/operate.css";

type Bulk = Shape<"BulkShape">;

export default function BulkPage() {
  const [search, setSearch] = useSearchParams();
  const cursor = search.get("cursor");
  const read = useRead("/api/v1/bulk", { cursor, limit: 50 }, { every: 2_000 });
  return (
    <Page title="Bulk actions">
      <Listed
        read={read}
        empty={
          <Empty title="Here are many runs that were cancelled or replayed together, with how far each of these came. None were yet: choose runs in their list, or by a filter.">
            <Command text="mainspring runs replay --status failed --since 2h" />
            <Link className="button plain" href="/runs?q=status%3Afailed">
              To the failed runs
            </Link>
          </Empty>
        }
      >
        {(rows) => (
          <div className="sheet" tabIndex={0} role="region" aria-label="Bulk actions">
            <table className="list">
              <thead>
                <tr>
                  <th>What</th>
                  <th>Status</th>
                  <th>Progress</th>
                  <th className="number">Not done</th>
                  <th className="wide number">Begun</th>
                  <th className="wide number">Ended</th>
                  <th>
                    <span className="unseen">Do</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((each) => (
                  <Row key={each.id} bulk={each} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
      <Pager cursor={cursor} next={read.data?.next_cursor} onGo={(to) => setSearch(to ? { cursor: to } : {})} />
    </Page>
  );
}

function Row({ bulk }: { bulk: Bulk }) {
  const what = `${bulk.action === "cancel" ? "Cancel" : "Replay"} ${bulk.total.toLocaleString()} runs`;
  const abort = async () => {
    const isSure = await confirm({ title: `Stop it: ${what.toLowerCase()}?`, body: "What is done stays done.", does: "Stop it", isDanger: true });
    if (!isSure || !bulk.id) return;
    await attempt(send("post", "/api/v1/bulk/{id}/abort", { id: bulk.id }), "It goes no further");
    refresh("/api/v1/bulk");
  };
  return (
    <tr>
      <td className="main">
        <strong>{what}</strong>
        <span className="note mono faint">{bulk.id}</span>
      </td>
      <td>
        <Status status={bulk.status} />
      </td>
      <td>
        <progress value={bulk.done + bulk.failed} max={Math.max(bulk.total, bulk.done + bulk.failed, 1)} aria-label={what} />
        <span className="note">
          {(bulk.done + bulk.failed).toLocaleString()} of {bulk.total.toLocaleString()}
        </span>
      </td>
      <td className="number">
        {bulk.failed ? (
          <details>
            <summary className="bad-text">{bulk.failed.toLocaleString()}</summary>
            <ul className="plain reasons">
              {bulk.failures.slice(0, 20).map((each) => (
                <li key={each.run_id}>
                  <Link href={`/runs/${each.run_id}`} className="mono">
                    {each.run_id.slice(0, 8)}…{each.run_id.slice(-6)}
                  </Link>{" "}
                  {each.message}
                </li>
              ))}
            </ul>
          </details>
        ) : (
          <span className="faint">none</span>
        )}
      </td>
      <td className="wide number">
        <At at={bulk.created_at} />
      </td>
      <td className="wide number">
        <At at={bulk.finished_at} otherwise="goes on" />
      </td>
      <td className="does">{bulk.status === "RUNNING" && <Button onClick={() => void abort()}>Stop</Button>}</td>
    </tr>
  );
}
