// The overview: what goes on now, what went wrong, who is waited for, and what comes next.
import { Link, useSearchParams } from "wouter";
import type { Shape } from "../../api/client";
import { useRead } from "../../api/query";
import { Page } from "../../ui/page";
import { Skeleton, Wrong } from "../../ui/said";
import { Legend, SPANS, Spans, StackedBars, Took } from "../../ui/stacked";
import { Beginning } from "./beginning";
import { useLive } from "./live";
import { Errors, Next, People, Queues, Workers } from "./panels";
import "../../style/overview.css";

type Stats = Shape<"StatsShape">;

export default function OverviewPage() {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("span") ?? "24h";
  const span = SPANS.includes(asked) ? asked : "24h";
  const stats = useLive("/api/v1/stats", { span });
  const day = useLive("/api/v1/stats", { span: "24h" });
  const newest = useRead("/api/v1/runs", { limit: 1 }, { every: 3_000 });
  const isNew = newest.data?.data.length === 0;
  if (stats.problem && !stats.data) return <Wrong problem={stats.problem} retry={stats.reload} />;
  return (
    <Page title="Overview">
      {!stats.data || !newest.data ? (
        <Skeleton />
      ) : isNew ? (
        <Beginning />
      ) : (
        <>
          <Figures now={stats.data.now} day={day.data} />
          <section className="ended" aria-label="Runs that ended">
            <header>
              <h2>Ended</h2>
              <Legend counts={stats.data.ended.counts} hrefOf={(status) => runs(`status:${status.toLowerCase()} since:${span}`)} />
              <Took ended={stats.data.ended} />
              <Spans chosen={span} onChoose={(chosen) => setSearch(chosen === "24h" ? {} : { span: chosen }, { replace: true })} />
            </header>
            <StackedBars stats={stats.data} hrefOf={(from, until) => runs(`since:${from} until:${until}`)} />
          </section>
          <div className="glances">
            <People />
            <Errors />
            <Next slots={stats.data.next_slots} />
            <Queues />
            <Workers />
          </div>
        </>
      )}
    </Page>
  );
}

const runs = (filter: string): string => `/runs?q=${encodeURIComponent(filter)}`;

function Figures({ now, day }: { now: Stats["now"]; day: Stats | undefined }) {
  const people = now.approvals + now.tokens;
  const failed = day ? (day.ended.counts.FAILED ?? 0) + (day.ended.counts.TIMED_OUT ?? 0) : undefined;
  const upTo = (figure: number) => `${figure.toLocaleString()}${figure >= now.counted_to ? "+" : ""}`;
  return (
    <div className="figures">
      <Figure name="Running" said={now.running.toLocaleString()} href={runs("status:running")} tone={now.running ? "run" : ""} />
      <Figure name="Pending" said={upTo(now.pending)} href={runs("status:pending")} />
      <Figure name="Waiting" said={upTo(now.waiting)} href={runs("status:waiting")} />
      <Figure name="Waiting on people" said={upTo(people)} href="/approvals" tone={people ? "wait" : ""} />
      <Figure name="Failed in 24 h" said={failed?.toLocaleString() ?? "…"} href={runs("status:failed,timed_out since:24h")} tone={failed ? "bad" : ""} />
    </div>
  );
}

function Figure({ name, said, href, tone = "" }: { name: string; said: string; href: string; tone?: string }) {
  return (
    <Link href={href} className={`figure ${tone}`}>
      <span>{name}</span>
      <strong>{said}</strong>
    </Link>
  );
}
