// The columns of the table of runs: those that are there for choice, and any value of the payload by its path.
import type { ReactNode } from "react";
import { At, Lasting } from "../../ui/clock";
import type { Run } from "./live";

export interface Column {
  id: string;
  title: string;
  className: string;
  cell: (run: Run, onFilter: (name: string, value: string) => void) => ReactNode;
}

const PAYLOAD = "payload.";

export const COLUMNS: Column[] = [
  { id: "run", title: "Run", className: "id", cell: (run) => <span className="mono faint">{`${run.id.slice(0, 8)}…${run.id.slice(-6)}`}</span> },
  { id: "started", title: "Started by", className: "wide faint", cell: startedBy },
  {
    id: "tags",
    title: "Tags",
    className: "wide",
    cell: (run, onFilter) => run.tags.map((tag) => <Value key={tag} text={tag} isTag onChoose={() => onFilter("tag", tag)} />),
  },
  { id: "queue", title: "Queue", className: "wide", cell: (run, onFilter) => <Value text={run.queue} onChoose={() => onFilter("queue", run.queue)} /> },
  { id: "version", title: "Version", className: "wide mono faint", cell: (run) => run.job_version },
  { id: "attempt", title: "Attempt", className: "wide number", cell: (run) => `${run.attempt} of ${run.max_attempts}` },
  { id: "key", title: "Concurrency key", className: "wide mono faint", cell: (run) => run.concurrency_key },
  { id: "took", title: "Took", className: "took number", cell: (run) => <Lasting from={run.started_at} until={run.finished_at} /> },
  { id: "created", title: "Created", className: "number", cell: (run) => <At at={run.created_at} /> },
];
export const USUAL = ["run", "started", "tags", "took", "created"];

/** Those of `?columns=run,payload.order_id`; the usual ones without. What is unknown is passed over. */
export function columnsOf(text: string | null): Column[] {
  const ids = text === null ? USUAL : text.split(",");
  return [...new Set(ids)].flatMap((id) => {
    if (id.startsWith(PAYLOAD) && id.length > PAYLOAD.length) return ofPayload(id);
    return COLUMNS.filter((column) => column.id === id);
  });
}

export const isPayloads = (column: Column): boolean => column.id.startsWith(PAYLOAD);

/** Large fields that none of these columns shows: they need not be sent. */
export const unseen = (columns: Column[]): string => (columns.some(isPayloads) ? "output" : "payload,output");

function ofPayload(id: string): Column {
  const path = id.slice(PAYLOAD.length);
  const cell: Column["cell"] = (run, onFilter) => {
    const value = valueAt(run.payload, path);
    if (value === undefined) return <span className="faint">–</span>;
    if (typeof value === "object" && value !== null) return <span className="mono faint">{JSON.stringify(value).slice(0, 40)}</span>;
    return <Value text={String(value)} onChoose={() => onFilter(id, String(value))} />;
  };
  return { id, title: path, className: "of-payload", cell };
}

function valueAt(payload: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    return (value as Record<string, unknown>)[name];
  }, payload);
}

/** A value that narrows the list to its like when it is clicked. */
function Value({ text, isTag, onChoose }: { text: string; isTag?: boolean; onChoose: () => void }) {
  return (
    <button type="button" className={isTag ? "tag" : "value"} title={`Only runs with ${text}`} onClick={onChoose}>
      {text}
    </button>
  );
}

export function startedBy(run: Run): string {
  if (run.replay_of) return "replay";
  if (run.schedule_id) return "schedule";
  if (run.parent_run_id) return "parent run";
  return run.event_name ?? "call";
}
