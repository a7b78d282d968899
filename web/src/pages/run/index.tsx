import { useMemo, useState } from "react";
import { Link, useLocation, useParams, useSearchParams } from "wouter";
import { BASE, send } from "../../api/client";
import { useKeys } from "../../keys/keys";
import { Trace } from "../../trace/trace";
import { Button } from "../../ui/button";
import { At, Lasting } from "../../ui/clock";
import { Copy } from "../../ui/copy";
import { BackIcon, CancelIcon, ReplayIcon } from "../../ui/icons";
import { Json } from "../../ui/json";
import { Skeleton, Wrong } from "../../ui/said";
import { Status, wordOf } from "../../ui/status";
import { Tabs } from "../../ui/tabs";
import { useTitle } from "../../ui/title";
import { attempt } from "../../ui/toast";
import { startedBy } from "../runs/table";
import { ErrorCard, PendingCard, Progress, WaitingCards } from "./cards";
import { History } from "./history";
import { type Run, useRun } from "./live";
import { Logs } from "./logs";
import { Panel } from "./panel";

export function RunPage() {
  const { id = "" } = useParams();
  const { run, spans, problem, beat, reload } = useRun(id);
  useTitle(run?.job_id, run && wordOf(run.status));
  const [search, setSearch] = useSearchParams();
  const [, go] = useLocation();
  const selected = search.get("task");
  const tab = search.get("tab") ?? "trace";
  const set = (name: string, value: string | null) =>
    setSearch(
      (was) => {
        const now = new URLSearchParams(was);
        value === null ? now.delete(name) : now.set(name, value);
        return now;
      },
      { replace: true },
    );
  const root = useMemo(() => spans.find((span) => span.parent_id === null)?.id ?? null, [spans]);

  if (problem && !run) return <Wrong problem={problem} retry={reload} />;
  if (!run) return <Skeleton />;
  return (
    <div className="page run">
      <Header run={run} onDone={reload} onBack={() => go("/runs")} onReplayed={(to) => go(`/runs/${to}`)} />
      <Facts run={run} />
      <Progress run={run} />
      <PendingCard run={run} />
      <WaitingCards run={run} />
      <ErrorCard failure={run.error} run={run} />
      <Tabs
        label="About the run"
        tabs={{ trace: "Trace", payload: "Payload", logs: "Logs", history: "Events", output: "Output" }}
        chosen={tab}
        onChoose={(name) => set("tab", name === "trace" ? null : name)}
      />
      {tab === "trace" && (
        <div className={selected && selected !== root ? "split" : "split alone"}>
          <Trace spans={spans} selected={selected} onSelect={(task) => set("task", task === selected ? null : task)} />
          {selected && selected !== root && (
            <Panel key={selected} run={run} task={selected} beat={beat} onClose={() => set("task", null)} onReplayed={(to) => go(`/runs/${to}`)} />
          )}
        </div>
      )}
      {tab === "payload" && <Json value={run.payload} label="payload" />}
      {tab === "logs" && <Logs runId={id} beat={beat} />}
      {tab === "history" && <History runId={id} beat={beat} />}
      {tab === "output" &&
        (run.status === "SUCCESS" ? <Json value={run.output} label="output" /> : <p className="faint pad">It has no output{run.finished_at ? "." : " yet."}</p>)}
    </div>
  );
}

interface HeaderProps {
  run: Run;
  onDone: () => void;
  onBack: () => void;
  onReplayed: (id: string) => void;
}

function Header({ run, onDone, onBack, onReplayed }: HeaderProps) {
  const [isAsking, ask] = useState(false);
  const isOver = run.finished_at !== null;
  const replay = async () => {
    const made = await attempt(send("post", "/api/v1/runs/{id}/replay", { id: run.id }, {}), "A fresh run has started");
    if (made) onReplayed(made.id);
  };
  const cancel = async () => {
    ask(false);
    await attempt(send("post", "/api/v1/runs/{id}/cancel", { id: run.id }, {}), "The run is asked to stop");
    onDone();
  };
  const curl = `curl -X POST ${location.origin}${BASE}/api/v1/jobs/${run.job_id}/trigger -H "Authorization: Bearer $MAINSPRING_API_KEY" -d '${JSON.stringify({ payload: run.payload }).replaceAll("'", "'\\''")}'`;
  useKeys([
    { press: "Escape", does: "Back to the runs", act: onBack },
    { press: "r", does: "Replay", act: () => void replay() },
    { press: "C", does: "Cancel the run", act: () => !isOver && ask(true) },
    { press: "c", does: "Copy the run's id", act: () => void navigator.clipboard.writeText(run.id) },
  ]);
  return (
    <header className="top run-top">
      <Link href="/runs" className="back" aria-label="Back to the runs" title="Back · key Esc">
        <BackIcon size={16} />
      </Link>
      <div className="names">
        <h1>{run.job_id}</h1>
        <span className="mono faint">
          {run.id} <Copy text={run.id} label="the id" />
        </span>
      </div>
      <Status status={run.status} />
      <div className="actions">
        <Copy text={curl} label="a cURL call that starts the same" />
        {!isOver && !isAsking && (
          <Button kind="danger" hint="C" icon={<CancelIcon size={14} />} onClick={() => ask(true)}>
            Cancel
          </Button>
        )}
        {isAsking && !isOver && (
          <>
            <Button kind="danger" autoFocus onClick={cancel}>
              Yes, cancel it
            </Button>
            <Button onClick={() => ask(false)}>Let it run</Button>
          </>
        )}
        <Button kind="main" hint="r" icon={<ReplayIcon size={14} />} onClick={replay}>
          Replay
        </Button>
      </div>
    </header>
  );
}

function Facts({ run }: { run: Run }) {
  return (
    <dl className="facts">
      <Fact name="Created">
        <At at={run.created_at} />
      </Fact>
      <Fact name="Took">
        <Lasting from={run.started_at} until={run.finished_at} />
      </Fact>
      <Fact name="Started by">
        {run.parent_run_id ? <Link href={`/runs/${run.parent_run_id}`}>parent run</Link> : run.replay_of ? <Link href={`/runs/${run.replay_of}`}>replay of a run</Link> : run.event_id ? <Link href={`/events?event=${run.event_id}`}>{run.event_name}</Link> : startedBy(run)}
      </Fact>
      <Fact name="Version">{run.job_version}</Fact>
      <Fact name="Attempt">
        {run.attempt} of {run.max_attempts}
      </Fact>
      <Fact name="Queue">{run.concurrency_key ? `${run.queue} / ${run.concurrency_key}` : run.queue}</Fact>
      {run.tags.length > 0 && (
        <Fact name="Tags">
          {run.tags.map((tag) => (
            <Link key={tag} className="tag" href={`/runs?q=${encodeURIComponent(`tag:${tag}`)}`}>
              {tag}
            </Link>
          ))}
        </Fact>
      )}
      {run.cancel_reason && <Fact name="Cancelled because">{run.cancel_reason}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
