// The short lists of the overview: each the head of a page of its own, and the way there.
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Shape } from "../../api/client";
import { At } from "../../ui/clock";
import { count } from "../../ui/format";
import { Status } from "../../ui/status";
import { useLive } from "./live";

const SHOWN = 5;

interface PanelProps {
  title: string;
  href: string;
  /** What it says where there is nothing; null shows `children`. */
  none: string | null;
  children: ReactNode;
}

function Panel({ title, href, none, children }: PanelProps) {
  return (
    <section className="glance" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <Link href={href} aria-label={`${title}: all`}>
          All
        </Link>
      </header>
      {none === null ? <ul>{children}</ul> : <p className="faint">{none}</p>}
    </section>
  );
}

export function People() {
  const { data } = useLive("/api/v1/approvals", { status: "WAITING", limit: SHOWN });
  return (
    <Panel title="Waiting on people" href="/approvals" none={data?.data.length ? null : data ? "Nobody is asked anything." : "…"}>
      {data?.data.map((one) => (
        <li key={one.id}>
          <span className="what">{one.title}</span>
          <span className="faint" title={one.people.map((each) => each.person).join(", ")}>
            {one.people[0]?.person ?? "anybody"}
            {one.people.length > 1 && ` +${one.people.length - 1}`}
          </span>
          <At at={one.created_at} />
          <Link className="button" href={`/approvals/${one.id}`}>
            Answer
          </Link>
        </li>
      ))}
    </Panel>
  );
}

export function Errors() {
  const { data } = useLive("/api/v1/errors", { status: "unresolved", limit: SHOWN });
  return (
    <Panel title="Unresolved errors" href="/errors" none={data?.data.length ? null : data ? "None." : "…"}>
      {data?.data.map((one) => (
        <li key={one.id}>
          <Link href={`/errors/${one.id}`} className="what">
            <b className="bad-text">{one.type}</b> {one.message}
          </Link>
          <span className="faint">
            {one.job_id} · {count(one.runs, "run")}
          </span>
          <At at={one.last_seen_at} />
        </li>
      ))}
    </Panel>
  );
}

export function Next({ slots }: { slots: Shape<"NextSlotShape">[] }) {
  return (
    <Panel title="Next scheduled" href="/schedules" none={slots.length ? null : "No job has a schedule."}>
      {slots.map((one) => (
        <li key={one.schedule_id}>
          <Link href={`/jobs/${encodeURIComponent(one.job_id)}`} className="what">
            {one.job_id}
          </Link>
          <At at={one.at} />
        </li>
      ))}
    </Panel>
  );
}

export function Queues() {
  const { data } = useLive("/api/v1/queues", { limit: 200 });
  const busy = data?.data
    .map((queue) => ({ ...queue, waiting: queue.depth + queue.unserved }))
    .filter((queue) => queue.waiting || queue.running || queue.paused_at)
    .sort((one, other) => other.waiting - one.waiting || other.running - one.running)
    .slice(0, SHOWN);
  return (
    <Panel title="Queues" href="/queues" none={busy?.length ? null : data ? "Nothing stands in a queue." : "…"}>
      {busy?.map((queue) => (
        <li key={queue.name}>
          <Link href={`/queues?queue=${encodeURIComponent(queue.name)}`} className="what">
            {queue.name}
          </Link>
          {queue.paused_at && <span className="bad-text">paused</span>}
          <span className="faint">
            {queue.running.toLocaleString()}
            {queue.limits.concurrency === null ? "" : ` of ${queue.limits.concurrency}`} running
          </span>
          <span className="number">{queue.waiting.toLocaleString()} waiting</span>
        </li>
      ))}
    </Panel>
  );
}

export function Workers() {
  const { data } = useLive("/api/v1/workers", {});
  const there = data?.data.filter((worker) => worker.status !== "GONE").slice(0, SHOWN);
  return (
    <Panel title="Workers" href="/workers" none={there?.length ? null : data ? "None is here: nothing runs until one comes." : "…"}>
      {there?.map((worker) => (
        <li key={worker.id}>
          <span className="what">{worker.name}</span>
          <Status status={worker.status} />
          <span className="number">
            {worker.running} of {worker.slots} running
          </span>
        </li>
      ))}
    </Panel>
  );
}
