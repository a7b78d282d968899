import { Link } from "wouter";
import type { Shape } from "../api/client";
import { send } from "../api/client";
import { refresh, useRead } from "../api/query";
import { At } from "../ui/clock";
import { Command } from "../ui/copy";
import { Listed, Page } from "../ui/page";
import { Empty } from "../ui/said";
import { toneOf, wordOf } from "../ui/status";
import { attempt } from "../ui/toast";

export type Job = Shape<"JobShape">;
const STRIP = 30;

export default function JobsPage() {
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  return (
    <Page title="Jobs">
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
                  <th>Started</th>
                  <th>Last runs</th>
                  <th className="number">Succeeded</th>
                  <th className="wide">Version</th>
                  <th className="wide">Queue</th>
                  <th className="wide number">Registered</th>
                  <th>On</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((job) => (
                  <tr key={job.id}>
                    <td className="main">
                      <Link href={`/jobs/${encodeURIComponent(job.id)}`}>{job.name}</Link>
                      <span className="note mono">{job.id}</span>
                      {!job.served && <span className="note bad-text">no worker has it</span>}
                    </td>
                    <td className="faint">{job.trigger}</td>
                    <td>
                      <Strip job={job} />
                    </td>
                    <td className="number">{succeeded(job)}</td>
                    <td className="wide mono">{job.version}</td>
                    <td className="wide">{job.queue ?? <span className="faint">default</span>}</td>
                    <td className="wide number">
                      <At at={job.updated_at} />
                    </td>
                    <td>
                      <Switch job={job} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
    </Page>
  );
}

/** Its last runs, the oldest first: what is new comes in at the right. */
export function Strip({ job }: { job: Job }) {
  const runs = job.last_runs.slice(0, STRIP).reverse();
  if (!runs.length) return <span className="faint">none yet</span>;
  return (
    <span className="strip">
      {runs.map((run) => (
        <Link key={run.id} href={`/runs/${run.id}`} className={toneOf(run.status)} title={wordOf(run.status)} aria-label={`Run, ${wordOf(run.status)}`} />
      ))}
    </span>
  );
}

function succeeded(job: Job): string {
  const done = job.counts.SUCCESS ?? 0;
  const failed = (job.counts.FAILED ?? 0) + (job.counts.TIMED_OUT ?? 0);
  return done + failed ? `${Math.floor((100 * done) / (done + failed))} %` : "–";
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
