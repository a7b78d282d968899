// Starts a run by hand: the payload as a form or as JSON, and whatever else a call may say of a run.
import { useState } from "react";
import { useLocation } from "wouter";
import { get, type Problem, send } from "../../api/client";
import { parsedOf, SchemaForm } from "../../schema-form/form";
import { firstValue, type Schema } from "../../schema-form/schema";
import { Button } from "../../ui/button";
import { local, relative } from "../../ui/format";
import { StartIcon } from "../../ui/icons";
import type { Parsed } from "../../ui/json-field";
import { Wrong } from "../../ui/said";
import { wordOf } from "../../ui/status";
import type { Job } from "../jobs";

/** What a call may say, as people type it; empty: left out. */
const OPTIONS = {
  delay: ["Delay", "10 minutes"],
  queue: ["Queue", "the job's own"],
  concurrency_key: ["Concurrency key", "customer-7"],
  tags: ["Tags", "vip, by hand"],
  priority: ["Priority", "0"],
  ttl: ["Must start within", "1 hour"],
  idempotency_key: ["Idempotency key", "order-7"],
  version: ["Version", "any"],
} as const;
type Option = keyof typeof OPTIONS;
type Options = Partial<Record<Option, string>>;

export function Test({ job }: { job: Job }) {
  const [, go] = useLocation();
  const examples = job.triggers.flatMap((trigger) => trigger.examples);
  const [payload, setPayload] = useState<Parsed>(() => parsedOf(examples[0] ?? firstValue((job.payload_schema ?? {}) as Schema)));
  const [options, setOptions] = useState<Options>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const start = async () => {
    if (payload.problem || isBusy) return;
    setBusy(true);
    try {
      const run = await send("post", "/api/v1/jobs/{id}/trigger", { id: job.id }, { payload: payload.value, is_test: true, ...bodyOf(options) });
      go(`/runs/${run.id}`);
    } catch (error) {
      setProblem(error as Problem);
      setBusy(false);
    }
  };
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && !event.defaultPrevented) {
          event.preventDefault();
          void start();
        }
      }}
    >
      <Filled job={job} examples={examples} onFill={(value) => setPayload(parsedOf(value))} />
      <SchemaForm label="Payload" schema={job.payload_schema} parsed={payload} errors={problem?.errors ?? []} onChange={setPayload} onSubmit={() => void start()} />
      <More options={options} onChange={setOptions} />
      {problem && <Wrong problem={problem} />}
      <div className="row-of">
        <Button kind="main" type="submit" hint="⌘↵" icon={<StartIcon size={14} />} disabled={Boolean(payload.problem) || isBusy}>
          Start a run
        </Button>
        {!job.served && <span className="bad-text">No worker has this job: the run will wait for one.</span>}
      </div>
    </form>
  );
}

/** The payload of an example, or of a run before. */
function Filled({ job, examples, onFill }: { job: Job; examples: unknown[]; onFill: (value: unknown) => void }) {
  if (!job.last_runs.length && examples.length < 2) return null;
  const now = Date.now();
  const fill = async (chosen: string) => {
    const [kind, which = ""] = chosen.split(":");
    if (kind === "example") onFill(examples[Number(which)]);
    if (kind === "run") onFill((await get("/api/v1/runs/{id}", { id: which })).payload);
  };
  return (
    <div className="field filled">
      <select aria-label="Fill the payload" value="" onChange={({ target }) => void fill(target.value)}>
        <option value="">Fill the payload from …</option>
        {examples.map((_, at) => (
          <option key={at} value={`example:${at}`}>
            example {at + 1}
          </option>
        ))}
        {job.last_runs.slice(0, 15).map((run) => (
          <option key={run.id} value={`run:${run.id}`}>
            run …{run.id.slice(-6)}, {wordOf(run.status)}
            {run.started_at && `, ${relative(Date.parse(run.started_at), now)} (${local(Date.parse(run.started_at))})`}
          </option>
        ))}
      </select>
    </div>
  );
}

function More({ options, onChange }: { options: Options; onChange: (options: Options) => void }) {
  return (
    <details className="more">
      <summary>Options</summary>
      <div>
        {(Object.keys(OPTIONS) as Option[]).map((name) => (
          <label key={name}>
            {OPTIONS[name][0]}
            <input value={options[name] ?? ""} placeholder={OPTIONS[name][1]} onChange={({ target }) => onChange({ ...options, [name]: target.value })} />
          </label>
        ))}
      </div>
    </details>
  );
}

function bodyOf(options: Options): Record<string, unknown> {
  const said = Object.entries(options).filter(([, text]) => text.trim());
  return Object.fromEntries(
    said.map(([name, text]) => {
      if (name === "tags") return [name, text.split(",").flatMap((tag) => tag.trim() || [])];
      return [name, name === "priority" && !Number.isNaN(Number(text)) ? Number(text) : text.trim()];
    }),
  );
}
