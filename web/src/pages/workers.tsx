// The processes that run jobs: what each holds, how it is, and how to take one out.
import { useSearchParams } from "wouter";
import { send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { confirm } from "../ui/confirm";
import { Command, Copy } from "../ui/copy";
import { count } from "../ui/format";
import { by } from "../ui/me";
import { Listed, Page } from "../ui/page";
import { Empty } from "../ui/said";
import { Slots } from "../ui/slots";
import { Status } from "../ui/status";
import { attempt } from "../ui/toast";
import "../style/operate.css";

type Worker = Shape<"WorkerShape">;

export default function WorkersPage() {
  const [search, setSearch] = useSearchParams();
  const areGoneShown = search.get("gone") === "shown";
  const read = useRead("/api/v1/workers", { limit: 200 }, { every: 3_000 });
  const live = read.data?.data.filter((each) => each.status !== "GONE") ?? [];
  const gone = (read.data?.data.length ?? 0) - live.length;
  return (
    <Page
      title="Workers"
      filter={
        live.length > 0 && (
          <span className="faint">
            {count(live.length, "worker")}, {live.reduce((sum, each) => sum + each.running, 0)} of {count(live.reduce((sum, each) => sum + each.slots, 0), "slot")} taken
          </span>
        )
      }
      actions={
        gone > 0 && (
          <Button kind="quiet" aria-pressed={areGoneShown} onClick={() => setSearch(areGoneShown ? {} : { gone: "shown" })}>
            {areGoneShown ? "Hide those that went" : `Show ${count(gone, "worker")} that went`}
          </Button>
        )
      }
    >
      <Listed
        read={{ ...read, data: read.data && { data: areGoneShown ? read.data.data : live } }}
        empty={
          <Empty title={gone > 0 ? "No worker is there: runs wait for one." : "Here are the processes that run your jobs. None has come yet."}>
            <Command text="mainspring worker app.py" />
          </Empty>
        }
      >
        {(rows) => (
          <div className="sheet">
            <table className="list">
              <thead>
                <tr>
                  <th>Worker</th>
                  <th>Status</th>
                  <th>Slots</th>
                  <th>Jobs</th>
                  <th className="wide">Code</th>
                  <th className="wide">Process</th>
                  <th className="number">Heard</th>
                  <th>
                    <span className="unseen">Do</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((worker) => (
                  <Row key={worker.id} worker={worker} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
    </Page>
  );
}

async function drain(worker: Worker) {
  const isSure = await confirm({
    title: `Drain ${worker.name}?`,
    body: `It is given nothing more at once. ${worker.running ? `What it holds (${count(worker.running, "run")}) goes on to its end or its next wait; then it leaves.` : "It holds nothing, and leaves."} Runs go on at other workers.`,
    does: "Drain it",
  });
  if (!isSure) return;
  await attempt(send("post", "/api/v1/workers/{id}/drain", { id: worker.id }, by()), `${worker.name} takes nothing more`);
  refresh("/api/v1/workers");
}

function Row({ worker }: { worker: Worker }) {
  const isGone = worker.status === "GONE";
  return (
    <tr className={isGone ? "off" : undefined}>
      <td className="main says">
        <strong>{worker.name}</strong>
        <span className="note mono">{worker.app}</span>
        <span className="note mono faint">
          {worker.id.slice(0, 12)}… <Copy text={worker.id} label="the id" />
        </span>
        {worker.blocked_stack && (
          <details className="note bad-text">
            <summary>its loop is blocked: where</summary>
            <pre className="traceback">{worker.blocked_stack}</pre>
          </details>
        )}
      </td>
      <td>
        <Status status={worker.status} />
        {/* Of one that is well the slots say it all. */}
        {(worker.status !== "ALIVE" || worker.blocked_stack) && <span className={isGone && worker.message.startsWith("lost") ? "note bad-text" : "note"}>{worker.message}</span>}
        <Drained worker={worker} />
      </td>
      <td>
        <Slots taken={worker.running} of={worker.slots} what={`${worker.name}: runs it holds`} />
      </td>
      <td title={worker.jobs.join(", ")}>
        {count(worker.jobs.length, "job")}
        {worker.queues.length > 0 && <span className="note">from {worker.queues.join(", ")} only</span>}
        {worker.leaves.length > 0 && <span className="note">{worker.leaves.includes("*") ? "runs of its version only" : `leaves ${worker.leaves.join(", ")} to newer workers`}</span>}
      </td>
      <td className="wide mono faint">{worker.code_version}</td>
      <td className="wide faint">
        {worker.hostname}, {worker.pid}
      </td>
      <td className="number">
        <At at={worker.heartbeat_at} />
      </td>
      <td className="does">
        {(worker.status === "ALIVE" || worker.status === "DEAFENED") && (
          <Button onClick={() => void drain(worker)} aria-label={`Drain ${worker.name}`}>
            Drain
          </Button>
        )}
      </td>
    </tr>
  );
}

/** Of a worker that was told to take nothing more: by whom, and whether it heard. */
function Drained({ worker }: { worker: Worker }) {
  if (!worker.drain || worker.status === "GONE") return null;
  return (
    <span className="note">
      drained <At at={worker.drain.asked_at} />
      {worker.drain.by && ` by ${worker.drain.by}`}
      {!worker.drain.is_heard && (
        <span className="warn-text" title="A worker of an older version does not know the word: it is given nothing more, but stays until its process is ended.">
          {" "}
          not heard yet; of an older version it has to be ended by hand
        </span>
      )}
    </span>
  );
}
