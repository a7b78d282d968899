// One job: start a run of it by hand, see what it takes, which versions there are.
import { useState } from "react";
import { Link, useLocation, useParams, useSearchParams } from "wouter";
import { get, type Problem, send } from "../api/client";
import { useRead } from "../api/query";
import { useKeys } from "../keys/keys";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { BackIcon, StartIcon } from "../ui/icons";
import { Json } from "../ui/json";
import type { Parsed } from "../ui/json-field";
import { parsedOf, SchemaForm } from "../schema-form/form";
import { firstValue, type Schema } from "../schema-form/schema";
import { Skeleton, Wrong } from "../ui/said";
import { useTitle } from "../ui/title";
import { Tabs } from "../ui/tabs";
import { type Job, Strip, Switch } from "./jobs";

export default function JobPage() {
  const { id = "" } = useParams();
  const read = useRead("/api/v1/jobs/{id}", { id: decodeURIComponent(id) });
  const [search, setSearch] = useSearchParams();
  const tab = search.get("tab") ?? "test";
  const show = (name: string) => setSearch(name === "test" ? {} : { tab: name }, { replace: true });
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
      <Tabs label="About the job" tabs={{ test: "Test", schema: "Schema", versions: "Versions", settings: "Settings" }} chosen={tab} onChoose={show} hints={{ test: "t" }} />
      {tab === "test" && <Test job={job} />}
      {tab === "schema" && (job.payload_schema ? <Json value={job.payload_schema} label="schema" /> : <p className="faint pad">It takes any JSON: annotate its payload with a model to have it checked.</p>)}
      {tab === "versions" && <Versions job={job} />}
      {tab === "settings" && <Settings job={job} />}
    </div>
  );
}

function Test({ job }: { job: Job }) {
  const [, go] = useLocation();
  const example = job.triggers.flatMap((trigger) => trigger.examples)[0] ?? firstValue((job.payload_schema ?? {}) as Schema);
  const [payload, setPayload] = useState<Parsed>(() => parsedOf(example));
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const last = job.last_runs[0];
  const start = async () => {
    if (payload.problem || isBusy) return;
    setBusy(true);
    try {
      const run = await send("post", "/api/v1/jobs/{id}/trigger", { id: job.id }, { payload: payload.value, is_test: true });
      go(`/runs/${run.id}`);
    } catch (error) {
      setProblem(error as Problem);
      setBusy(false);
    }
  };
  const takeLast = async () => {
    if (!last) return;
    const { payload: value } = await get("/api/v1/runs/{id}", { id: last.id });
    setPayload(parsedOf(value));
  };
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <SchemaForm label="Payload" schema={job.payload_schema} parsed={payload} errors={problem?.errors ?? []} onChange={setPayload} onSubmit={() => void start()} />
      {problem && <Wrong problem={problem} />}
      <div className="row-of">
        <Button kind="main" type="submit" hint="⌘↵" icon={<StartIcon size={14} />} disabled={Boolean(payload.problem) || isBusy}>
          Start a run
        </Button>
        {last && <Button onClick={() => void takeLast()}>From the last run</Button>}
        {!job.served && <span className="bad-text">No worker has this job: the run will wait for one.</span>}
      </div>
    </form>
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

function Settings({ job }: { job: Job }) {
  const { retry, queue, concurrency, rate_limit, max_duration, ttl, pin_version, tags, log_level } = job;
  return <Json value={{ retry, queue, concurrency, rate_limit, max_duration, ttl, pin_version, tags, log_level }} label="settings" />;
}
