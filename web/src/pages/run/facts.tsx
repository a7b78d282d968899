// What is known of a run beside its payload: who started it, with which code, where it stood in line, how long it took.
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { get, type GetAnswer } from "../../api/client";
import { useRead } from "../../api/query";
import { onRuns } from "../../live/environment";
import type { Span } from "../../trace/spans";
import { At, Lasting } from "../../ui/clock";
import { Copy } from "../../ui/copy";
import { span } from "../../ui/format";
import { startedBy } from "../runs/columns";
import type { Run } from "./live";

export type Child = GetAnswer<"/api/v1/runs/{id}/children">["data"][number];

export function Facts({ run, children }: { run: Run; children: Child[] }) {
  return (
    <dl className="facts">
      <Fact name="Created">
        <At at={run.created_at} />
      </Fact>
      {run.started_at && (
        <Fact name="Started">
          <At at={run.started_at} />
        </Fact>
      )}
      <Fact name="Took">
        <Lasting from={run.started_at} until={run.finished_at} />
        <Usually run={run} />
      </Fact>
      <Fact name="Started by">
        <StartedBy run={run} />
      </Fact>
      <Fact name="Job">
        <Link href={`/jobs/${encodeURIComponent(run.job_id)}`}>{run.job_id}</Link>
      </Fact>
      <Fact name="Version">
        {run.job_version}
        {run.pinned_version && " (pinned)"}
      </Fact>
      <Fact name="Attempt">
        {run.attempt} of {run.max_attempts}
      </Fact>
      <Fact name="Queue">
        <Link href="/queues">{run.queue}</Link>
        {run.concurrency_key && <span className="mono faint"> / {run.concurrency_key}</span>}
      </Fact>
      {run.priority !== 0 && <Fact name="Priority">{run.priority}</Fact>}
      {run.worker_id && !run.finished_at && (
        <Fact name="Worker">
          <Link href="/workers" className="mono">
            {run.worker_id}
          </Link>
        </Fact>
      )}
      {run.idempotency_key && (
        <Fact name="Idempotency key">
          <span className="mono">{run.idempotency_key}</span> <Copy text={run.idempotency_key} label="the key" />
        </Fact>
      )}
      {run.deadline_at && !run.finished_at && (
        <Fact name="Has to end">
          <At at={run.deadline_at} />
        </Fact>
      )}
      {children.length > 0 && (
        <Fact name="Started runs">
          {children.slice(0, 4).map((child) => (
            <Link key={child.id} href={`/runs/${child.id}`} className="tag">
              {child.job_id}
            </Link>
          ))}
          {children.length > 4 && <span className="faint">and {(children.length - 4).toLocaleString()} more</span>}
        </Fact>
      )}
      {run.tags.length > 0 && (
        <Fact name="Tags">
          {run.tags.map((tag) => (
            <Link key={tag} className="tag" href={`/runs?q=${encodeURIComponent(`tag:${tag}`)}`}>
              {tag}
            </Link>
          ))}
        </Fact>
      )}
      {run.is_test && <Fact name="Kind">test run</Fact>}
    </dl>
  );
}

/** What half of the job's runs of a week stay below. */
function Usually({ run }: { run: Run }) {
  const p50 = useRead(run.started_at ? "/api/v1/stats" : null, { job: run.job_id, span: "7d" }).data?.ended.p50;
  if (p50 == null) return null;
  return (
    <span className="faint" title="Half of the job's runs of the last seven days took no longer">
      {" "}
      usually {span(p50 * 1_000)}
    </span>
  );
}

function StartedBy({ run }: { run: Run }) {
  if (run.replay_of)
    return (
      <>
        <Link href={`/runs/${run.replay_of}`}>replay of a run</Link>
        {run.replay_from && <span className="faint"> from {run.replay_from}</span>}
      </>
    );
  if (run.parent_run_id)
    return (
      <>
        <Link href={`/runs/${run.parent_run_id}`}>parent run</Link>
        {run.parent_task && <span className="faint"> in {run.parent_task}</span>}
      </>
    );
  if (run.event_id) return <Link href={`/events?event=${run.event_id}`}>{run.event_name ?? "an event"}</Link>;
  if (run.schedule_id) return <Link href="/schedules">{`schedule ${run.schedule_id}`}</Link>;
  return <>{startedBy(run)}</>;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const PAGE = 200;

/** The runs that it started, with how they stand; read when there can be any, and when one of them changes. */
export function useChildren(run: Run | undefined, spans: Span[]): Child[] {
  const [children, setChildren] = useState<Child[]>([]);
  const started = spans.filter((span) => span.kind === "trigger" && span.finished_at).length;
  const id = run?.id;
  useEffect(() => {
    setChildren([]);
    if (!id || started === 0) return;
    let known = new Set<string>();
    let isHere = true;
    const read = async () => {
      const found = await get("/api/v1/runs/{id}/children", { id, limit: PAGE }).catch(() => null);
      if (!found || !isHere) return;
      known = new Set(found.data.map((child) => child.id));
      setChildren(found.data);
    };
    void read();
    const stop = onRuns((changed) => {
      if ([...changed].some((each) => known.has(each))) void read();
    });
    return () => {
      isHere = false;
      stop();
    };
  }, [id, started]);
  return children;
}

/** Children stand in the trace below the task that started them. */
export function withChildren(run: Run, spans: Span[], children: Child[]): Span[] {
  if (!children.length) return spans;
  return [
    ...spans,
    ...children.map((child) => ({
      id: child.id,
      parent_id: child.task ?? run.id,
      name: child.job_id,
      kind: "child",
      status: child.status,
      started_at: child.started_at ?? child.created_at,
      finished_at: child.finished_at,
      attempt: 1,
      attempts: [],
    })),
  ];
}
