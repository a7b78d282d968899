// One job: how its runs went, a run of it started by hand, what it takes, which versions there are, its settings.
import { Link, useSearchParams } from "wouter";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { At } from "../../ui/clock";
import { BackIcon } from "../../ui/icons";
import { Json } from "../../ui/json";
import { Skeleton, Wrong } from "../../ui/said";
import { useTitle } from "../../ui/title";
import { Tabs } from "../../ui/tabs";
import { useLastPart } from "../../ui/place";
import { type Job, Strip, Switch } from "../jobs";
import { Runs } from "./runs";
import { Settings } from "./settings";
import { Test } from "./test";
import "../../style/job.css";

export default function JobPage() {
  const id = useLastPart();
  const read = useRead("/api/v1/jobs/{id}", { id: decodeURIComponent(id) });
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") ?? "runs";
  const show = (name: string) => setSearch(name === "runs" ? {} : { tab: name }, { replace: true });
  useKeys([{ press: "t", does: "Test the job", act: () => show("test") }]);
  const job = read.data;
  useTitle(job?.name, "job");
  if (read.problem && !job) return <Wrong problem={read.problem} retry={read.reload} />;
  if (!job) return <Skeleton />;
  return (
    <div className="page run">
      <header className="top run-top">
        <Link href="/jobs" className="back" aria-label="Back to the jobs">
          <BackIcon size={16} />
        </Link>
        <div className="names">
          <h1>{job.name}</h1>
          <span className="mono faint">
            {job.id} · {job.trigger}
          </span>
        </div>
        <Strip job={job} />
        <div className="actions">
          <Link className="button plain" href={`/runs?q=${encodeURIComponent(`job:${job.id}`)}`}>
            All runs
          </Link>
          <Switch job={job} />
        </div>
      </header>
      {job.description && <p className="pad">{job.description}</p>}
      <Tabs label="About the job" tabs={{ runs: "Runs", test: "Test", schema: "Schema", versions: "Versions", settings: "Settings" }} chosen={tab} onChoose={show} hints={{ test: "t" }} />
      {tab === "runs" && <Runs job={job} />}
      {tab === "test" && <Test job={job} />}
      {tab === "schema" && (job.payload_schema ? <Json value={job.payload_schema} label="schema" /> : <p className="faint pad">It takes any JSON: annotate its payload with a model to have it checked.</p>)}
      {tab === "versions" && <Versions job={job} />}
      {tab === "settings" && <Settings job={job} />}
    </div>
  );
}

function Versions({ job }: { job: Job }) {
  return (
    <div className="sheet">
      <table className="list">
        <thead>
          <tr>
            <th>Version</th>
            <th>Workers that have it</th>
            <th className="number">Registered</th>
            <th className="number">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {job.versions.map((each) => (
            <tr key={each.version}>
              <td className="mono">{each.version}</td>
              <td>{each.workers.join(", ") || <span className="faint">none now</span>}</td>
              <td className="number">
                <At at={each.registered_at} />
              </td>
              <td className="number">
                <At at={each.seen_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
