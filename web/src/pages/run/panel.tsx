// What is known of one task: what it was given, what came of it, each attempt, what it logged.
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { send } from "../../api/client";
import { useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At, Lasting } from "../../ui/clock";
import { Copy } from "../../ui/copy";
import { count } from "../../ui/format";
import { CloseIcon, ReplayIcon } from "../../ui/icons";
import { Json } from "../../ui/json";
import { Skeleton } from "../../ui/said";
import { Status } from "../../ui/status";
import { Tabs } from "../../ui/tabs";
import { attempt } from "../../ui/toast";
import { ErrorCard } from "./cards";
import type { Child } from "./facts";
import type { Run, Task } from "./live";
import { Logs } from "./logs";

interface Props {
  run: Run;
  task: string;
  beat: number;
  /** Where it is a run of its own. */
  child: Child | undefined;
  onClose: () => void;
  onReplayed: (id: string) => void;
}

export function Panel({ run, task: key, beat, child, onClose, onReplayed }: Props) {
  const read = useRead("/api/v1/runs/{id}/tasks", { id: run.id, key });
  const [tab, setTab] = useState("output");
  const task = read.data?.data.find((each) => each.key === key);
  const isOver = task?.finished_at != null;
  useEffect(() => {
    if (!isOver) read.reload();
  }, [beat, isOver]);
  const replay = async () => {
    const made = await attempt(
      send("post", "/api/v1/runs/{id}/replay", { id: run.id }, { from_task: key }),
      `A fresh run has started at ${key}`,
    );
    if (made) onReplayed(made.id);
  };
  return (
    <aside className="panel" aria-label={`Task ${key}`}>
      <header>
        <h2>{child?.job_id ?? task?.name ?? key}</h2>
        <Button kind="quiet" aria-label="Close" hint="Esc" icon={<CloseIcon size={15} />} onClick={onClose} />
      </header>
      {child ? (
        <p className="panel-line">
          <Status status={child.status} />
          <Lasting from={child.started_at} until={child.finished_at} />
          <Link href={`/runs/${child.id}`}>Open this run</Link>
        </p>
      ) : !task ? (
        read.isLoading ? <Skeleton rows={4} /> : <p className="faint pad">Nothing is kept of it beside its place in the trace.</p>
      ) : (
        <>
          <p className="panel-line">
            <Status status={task.status} />
            <span className="faint">{task.kind.replace("_", " ")}</span>
            <Lasting from={task.started_at} until={task.finished_at} />
            <At at={task.started_at} />
            {task.kept_from && <span className="faint">kept from an earlier run</span>}
          </p>
          <p className="panel-line mono faint">
            {task.key} <Copy text={task.key} label="the key" />
          </p>
          <Tabs
            label="About the task"
            tabs={{ output: "Output", input: "Input", attempts: `Attempts ${task.attempts.length || task.attempt}`, logs: "Logs" }}
            chosen={tab}
            onChoose={setTab}
          />
          <div className="panel-body">
            {tab === "output" && <Outcome task={task} />}
            {tab === "input" && <Input task={task} />}
            {tab === "attempts" && <Attempts task={task} />}
            {tab === "logs" && <Logs runId={run.id} task={key} isOver={run.finished_at !== null} />}
          </div>
          {run.finished_at && task.parent_key === null && (
            <footer>
              <Button icon={<ReplayIcon size={14} />} onClick={replay}>
                Replay from here
              </Button>
            </footer>
          )}
        </>
      )}
    </aside>
  );
}

function Outcome({ task }: { task: Task }) {
  if (task.error) return <ErrorCard failure={task.error} />;
  if (task.status === "SUCCESS") return <Json value={task.output} label="output" />;
  return (
    <p className="faint">
      No output yet.
      {task.next_attempt_at && (
        <>
          {" "}
          Next attempt <At at={task.next_attempt_at} />.
        </>
      )}
    </p>
  );
}

function Input({ task }: { task: Task }) {
  const hasNothing = task.params == null && task.properties == null;
  if (hasNothing) return <p className="faint">Nothing was said of its input: give <code>params=</code> to show some here.</p>;
  return (
    <>
      {task.params != null && <Json value={task.params} label="params" />}
      {task.properties != null && <Json value={task.properties} label="properties" />}
    </>
  );
}

function Attempts({ task }: { task: Task }) {
  if (task.attempts.length === 0) return <p className="faint">{count(task.attempt, "attempt")}, none failed.</p>;
  return (
    <ol className="attempts">
      {task.attempts.map((each) => (
        <li key={each.number}>
          <p className="panel-line">
            <strong>Attempt {each.number}</strong> <Status status={each.status} />
            <Lasting from={each.started_at} until={each.finished_at} />
          </p>
          <ErrorCard failure={each.error} />
        </li>
      ))}
    </ol>
  );
}
