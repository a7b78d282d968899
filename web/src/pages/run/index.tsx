// The page of a run: what it is, why it does not go on, its trace as it grows, and what it was given and came to.
import { useMemo } from "react";
import { useLocation, useParams, useSearchParams } from "wouter";
import { Trace } from "../../trace/trace";
import { Json } from "../../ui/json";
import { Skeleton, Wrong } from "../../ui/said";
import { wordOf } from "../../ui/status";
import { Tabs } from "../../ui/tabs";
import { useTitle } from "../../ui/title";
import { PendingCard, WaitingCards } from "./cards";
import { EndedCard } from "./ended";
import { Facts, useChildren, withChildren } from "./facts";
import { Header } from "./header";
import { History } from "./history";
import { useRun } from "./live";
import { Logs } from "./logs";
import { Panel } from "./panel";
import { Progress } from "./progress";

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
  const children = useChildren(run, spans);
  const traced = useMemo(() => (run ? withChildren(run, spans, children) : spans), [run?.id, spans, children]);
  const root = useMemo(() => spans.find((span) => span.parent_id === null)?.id ?? null, [spans]);

  if (problem && !run) return <Wrong problem={problem} retry={reload} />;
  if (!run) return <Skeleton />;
  return (
    <div className="page run">
      <Header run={run} onDone={reload} onBack={() => go("/runs")} onReplayed={(to) => go(`/runs/${to}`)} />
      <Facts run={run} children={children} />
      <Progress run={run} />
      <PendingCard run={run} />
      <WaitingCards run={run} />
      <EndedCard run={run} />
      <Tabs
        label="About the run"
        tabs={{ trace: "Trace", payload: "Payload", logs: "Logs", history: "Events", output: "Output", raw: "Raw JSON" }}
        chosen={tab}
        onChoose={(name) => set("tab", name === "trace" ? null : name)}
      />
      {tab === "trace" && (
        <div className={selected && selected !== root ? "split" : "split alone"}>
          <Trace spans={traced} createdAt={run.created_at} selected={selected} onSelect={(task) => set("task", task === selected ? null : task)} />
          {selected && selected !== root && (
            <Panel key={selected} run={run} task={selected} beat={beat} child={children.find((each) => each.id === selected)} onClose={() => set("task", null)} onReplayed={(to) => go(`/runs/${to}`)} />
          )}
        </div>
      )}
      {tab === "payload" && <Json value={run.payload} label="payload" />}
      {tab === "logs" && <Logs runId={id} isOver={run.finished_at !== null} />}
      {tab === "history" && <History runId={id} beat={beat} />}
      {tab === "output" &&
        (run.status === "SUCCESS" ? <Json value={run.output} label="output" /> : <p className="faint pad">It has no output{run.finished_at ? "." : " yet."}</p>)}
      {tab === "raw" && <Json value={run} label={`run ${run.id}`} />}
    </div>
  );
}
