// An event sent by hand: its name out of those that jobs listen for, its payload by their schema, when it is delivered.
import { useState } from "react";
import { useLocation } from "wouter";
import { type Problem, send } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { parsedOf, SchemaForm } from "../../schema-form/form";
import { firstValue, type Schema } from "../../schema-form/schema";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { SendIcon } from "../../ui/icons";
import type { Parsed } from "../../ui/json-field";
import { Wrong } from "../../ui/said";

interface Heard {
  schema: unknown;
  first: unknown;
}

/** The names jobs listen for, each with what its payload is like. */
export function useNames(): Map<string, Heard> {
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  const names = new Map<string, Heard>();
  for (const job of jobs.data?.data ?? []) {
    for (const trigger of job.triggers) {
      const schema = job.payload_schema;
      const first = trigger.examples[0] ?? firstValue((schema ?? {}) as Schema);
      for (const name of trigger.events) names.set(name, { schema, first });
    }
  }
  return names;
}

export function SendDialog({ first, onClose }: { first: string; onClose: () => void }) {
  const [, go] = useLocation();
  const names = useNames();
  const [name, setName] = useState(first);
  const [options, setOptions] = useState<Options>({});
  const [typed, setTyped] = useState<Parsed | null>(null);
  const payload = typed ?? parsedOf(names.get(name)?.first ?? {});
  const [problem, setProblem] = useState<Problem | null>(null);
  const post = async () => {
    if (payload.problem || !name) return;
    try {
      const event = await send("post", "/api/v1/events", {}, { name, payload: payload.value, ...bodyOf(options) });
      refresh("/api/v1/events");
      const run = event.runs[0];
      if (run && event.runs.length === 1) go(`/runs/${run.id}`);
      else go(`/events/${event.event_id}`);
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Dialog title="Send an event" onClose={onClose}>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void post();
        }}
      >
        <div className="field">
          <label htmlFor="event-name">Name</label>
          <input id="event-name" list="event-names" value={name} required autoFocus autoComplete="off" onChange={(event) => setName(event.target.value)} placeholder="order.created" />
          <datalist id="event-names">
            {[...names.keys()].map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
          {names.size > 0 && (
            <p className="offers-line">
              Jobs listen for{" "}
              {[...names.keys()].slice(0, 6).map((each) => (
                <button type="button" key={each} className="tag" onClick={() => setName(each)}>
                  {each}
                </button>
              ))}
            </p>
          )}
        </div>
        <SchemaForm
          key={names.has(name) ? name : ""}
          label="Payload"
          schema={names.get(name)?.schema ?? null}
          errors={problem?.errors ?? []}
          parsed={payload}
          onChange={setTyped}
          onSubmit={() => void post()}
        />
        <OptionFields options={options} onChange={setOptions} />
        {problem && <Wrong problem={problem} />}
        <Button kind="main" type="submit" hint="⌘↵" icon={<SendIcon size={14} />} disabled={Boolean(payload.problem) || !name}>
          Send
        </Button>
      </form>
    </Dialog>
  );
}

interface Options {
  id?: string;
  delay?: string;
  deliver_at?: string;
  source?: string;
}

/** What was filled in, as the API takes it. */
function bodyOf({ deliver_at: at, ...rest }: Options): Record<string, string> {
  const given = Object.entries(rest).filter(([, value]) => value?.trim());
  return { ...Object.fromEntries(given), ...(at && { deliver_at: new Date(at).toISOString() }) };
}

function OptionFields({ options, onChange }: { options: Options; onChange: (options: Options) => void }) {
  const field = (name: keyof Options, label: string, hint: string, type = "text") => (
    <label className="field">
      <span>{label}</span>
      <input type={type} value={options[name] ?? ""} placeholder={hint} autoComplete="off" onChange={(event) => onChange({ ...options, [name]: event.target.value })} />
    </label>
  );
  return (
    <details>
      <summary>Options</summary>
      <div className="pair">
        {field("id", "Id, which waits for it may ask for", "o-1")}
        {field("source", "Source", "shop")}
        {field("delay", "Delivered after", "10 minutes")}
        {field("deliver_at", "or at", "", "datetime-local")}
      </div>
    </details>
  );
}
