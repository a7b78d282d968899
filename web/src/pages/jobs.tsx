// The jobs: what starts each, how its last runs went and how long they took, when it runs next, and its switch.
import { useRef } from "react";
import { Link, useSearchParams } from "wouter";
import type { Shape } from "../api/client";
import { send } from "../api/client";
import { refresh, useRead } from "../api/query";
import { useKeys } from "../keys/keys";
import { At } from "../ui/clock";
import { Command } from "../ui/copy";
import { percent, span } from "../ui/format";
import { Listed, Page } from "../ui/page";
import { Empty } from "../ui/said";
import { toneOf, wordOf } from "../ui/status";
import { attempt } from "../ui/toast";

export type Job = Shape<"JobShape">;
const STRIP = 30;

export default function JobsPage() {
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  const stats = useRead("/api/v1/stats/jobs", { span: "7d" }, { every: 15_000 });
  const [search, setSearch] = useSearchParams();
  const field = useRef<HTMLInputElement>(null);
  useKeys([{ press: "/", does: "Search the jobs", act: () => field.current?.focus() }]);
  const sought = search.get("q") ?? "";
  const figures = new Map(stats.data?.data.map((one) => [one.job_id, one]));
  return (
    <Page
      title="Jobs"
      filter={
        <input
          ref={field}
          type="search"
          className="sought"
          aria-label="Search the jobs"
          title="Search · key /"
          placeholder="Name, id, tag or event"
          value={sought}
          onChange={({ target }) => setSearch(target.value ? { q: target.value } : {}, { replace: true })}
        />
      }
    >
      <Listed
        read={jobs}
        empty={
          <Empty title="Here are the functions that workers bring. None has come yet.">
            <p>Start one with an app of yours, or write one first:</p>
            <Command text="mainspring init shop && mainspring dev shop/app.py" />
          </Empty>
        }
      >
        {(rows) => (
          <div className="sheet">
            <table className="list">
              <thead>
                <tr>
                  <th>Job</th>
                  <th className="trigger">Started</th>
                  <th>Last runs</th>
                  <th className="number" title="Of the runs that ended in the last 7 days">
                    Succeeded
                  </th>
                  <th className="wide number" title="Half of the runs of the last 7 days took no longer">
                    p50
                  </th>
                  <th className="wide number" title="Of a hundred runs of the last 7 days, ninety-five took no longer">
                    p95
                  </th>
                  <th className="wide number">Next run</th>
                  <th className="wide">Version</th>
                  <th>On</th>
                </tr>
              </thead>
              <tbody>
                {rows
                  .filter((job) => fits(job, sought))
                  .map((job) => (
                  <tr key={job.id}>
                    <td className="main">
                      <Link href={`/jobs/${encodeURIComponent(job.id)}`}>{job.name}</Link>
                      <span className="note mono">{job.id}</span>
                      {!job.served && <span className="note bad-text">no worker has it</span>}
                    </td>
                    <td className="trigger faint" title={job.trigger}>
                      {job.trigger}
                    </td>
                    <td>
                      <Strip job={job} />
                    </td>
                    <Figures figures={figures.get(job.id)} />
                    <td className="wide number">
                      <At at={job.next_run_at} />
                    </td>
                    <td className="wide mono">{job.version}</td>
                    <td>
                      <Switch job={job} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {!rows.some((job) => fits(job, sought)) && <Empty title={`No job is called anything like “${sought}”.`} />}
          </div>
        )}
      </Listed>
    </Page>
  );
}

const fits = (job: Job, sought: string): boolean =>
  [job.id, job.name, job.trigger, job.queue ?? "", ...job.tags].some((said) => said.toLowerCase().includes(sought.trim().toLowerCase()));

function Figures({ figures }: { figures: Shape<"JobStatsShape"> | undefined }) {
  const rate = figures?.success_rate ?? null;
  return (
    <>
      <td className="number">{rate === null ? <span className="faint">–</span> : percent(rate)}</td>
      {[figures?.p50, figures?.p95].map((seconds, at) => (
        <td key={at} className="wide number">
          {typeof seconds === "number" ? span(seconds * 1_000) : <span className="faint">–</span>}
        </td>
      ))}
    </>
  );
}

/** Its last runs, the oldest first: what is new comes in at the right. As high as they took long, on a scale on which
 * each tenfold is a step. */
export function Strip({ job }: { job: Job }) {
  const runs = job.last_runs.slice(0, STRIP).reverse();
  if (!runs.length) return <span className="faint">none yet</span>;
  return (
    <span className="strip">
      {runs.map((run) => (
        <Link
          key={run.id}
          href={`/runs/${run.id}`}
          className={toneOf(run.status)}
          style={{ height: heightOf(run) }}
          title={saidOf(run)}
          aria-label={`Run, ${saidOf(run)}`}
        />
      ))}
    </span>
  );
}

type LastRun = Job["last_runs"][number];

const lasted = (run: LastRun): number | null =>
  run.started_at && run.finished_at ? Math.max(1, Date.parse(run.finished_at) - Date.parse(run.started_at)) : null;

const LEAST = 5;
const MOST = 20;
/** Ten milliseconds and less are the least, a day and more the most. */
function heightOf(run: LastRun): number {
  const ms = lasted(run);
  if (ms === null) return run.status === "RUNNING" || run.status === "WAITING" ? MOST : LEAST;
  return LEAST + (MOST - LEAST) * Math.min(1, Math.max(0, (Math.log10(ms) - 1) / 6.9));
}

function saidOf(run: LastRun): string {
  const ms = lasted(run);
  return ms === null ? wordOf(run.status) : `${wordOf(run.status)}, ${span(ms)}`;
}

export function Switch({ job }: { job: Job }) {
  const turn = async () => {
    const path = job.enabled ? "/api/v1/jobs/{id}/disable" : "/api/v1/jobs/{id}/enable";
    await attempt(send("post", path, { id: job.id }), job.enabled ? `${job.id} starts no more runs from events` : `${job.id} is on`);
    refresh("/api/v1/jobs");
  };
  return (
    <button type="button" role="switch" aria-checked={job.enabled} className="switch" onClick={() => void turn()} aria-label={`${job.name}: starts runs`} title={job.enabled ? "On: events start runs" : "Off: events start no runs"}>
      <span />
    </button>
  );
}
