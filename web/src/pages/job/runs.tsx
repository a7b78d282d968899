// How the runs of a job went: the chart of those that ended, and the newest.
import { Link, useSearchParams } from "wouter";
import { At, Lasting } from "../../ui/clock";
import { Command } from "../../ui/copy";
import { Empty, Skeleton } from "../../ui/said";
import { Legend, SPANS, Spans, StackedBars, Took } from "../../ui/stacked";
import { Status } from "../../ui/status";
import type { Job } from "../jobs";
import { useLive } from "../overview/live";

const SHOWN = 20;

export function Runs({ job }: { job: Job }) {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("span") ?? "24h";
  const span = SPANS.includes(asked) ? asked : "24h";
  const stats = useLive("/api/v1/stats", { span, job: job.id });
  const newest = useLive("/api/v1/runs", { job: job.id, limit: SHOWN });
  const filtered = (more: string) => `/runs?q=${encodeURIComponent(`job:${job.id} ${more}`.trim())}`;
  if (!stats.data || !newest.data) return <Skeleton />;
  if (newest.data.data.length === 0) {
    return (
      <Empty title="Here are its runs, and how they ended. None was started yet.">
        <Command text={`mainspring trigger ${job.id} '{}'`} />
        <Link className="button plain" href={`/jobs/${encodeURIComponent(job.id)}?tab=test`}>
          Start one here
        </Link>
      </Empty>
    );
  }
  return (
    <>
      <section className="ended" aria-label="Runs that ended">
        <header>
          <Legend counts={stats.data.ended.counts} hrefOf={(status) => filtered(`status:${status.toLowerCase()} since:${span}`)} />
          <Took ended={stats.data.ended} />
          <Spans chosen={span} onChoose={(chosen) => setSearch(chosen === "24h" ? {} : { span: chosen }, { replace: true })} />
        </header>
        <StackedBars stats={stats.data} hrefOf={(from, until) => filtered(`since:${from} until:${until}`)} />
      </section>
      <div className="sheet job-runs">
        <table className="list">
          <thead>
            <tr>
              <th>Status</th>
              <th>Run</th>
              <th className="wide">Version</th>
              <th className="took number">Took</th>
              <th className="number">Created</th>
            </tr>
          </thead>
          <tbody>
            {newest.data.data.map((run) => (
              <tr key={run.id}>
                <td>
                  <Status status={run.status} />
                </td>
                <td className="main mono">
                  <Link href={`/runs/${run.id}`}>{run.id}</Link>
                  {run.error && <span className="note bad-text">{run.error.message}</span>}
                </td>
                <td className="wide mono faint">{run.job_version}</td>
                <td className="took number">
                  <Lasting from={run.started_at} until={run.finished_at} />
                </td>
                <td className="number">
                  <At at={run.created_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {newest.data.next_cursor && (
        <footer className="pager">
          <Link className="button plain" href={filtered("")}>
            All runs of it
          </Link>
        </footer>
      )}
    </>
  );
}
