// What all runs do, heard once for all pages: the lists they are in are read again, twice a second at most.
import { refresh } from "../api/query";
import { listen, type Message } from "./stream";

const GATHER_MS = 500;
type Listener = (runIds: Set<string>) => void;
const listeners = new Set<Listener>();

/** Told which runs changed. */
export function onRuns(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function followEnvironment(): () => void {
  let gathered = new Set<string>();
  let timer = 0;
  let hasAnswers = false;
  let hasFailed = false;
  const flush = () => {
    timer = 0;
    if (hasFailed) refresh("/api/v1/errors");
    hasFailed = false;
    const runs = gathered;
    gathered = new Set();
    if (hasAnswers) refresh("/api/v1/approvals");
    hasAnswers = false;
    for (const listener of listeners) listener(runs);
    for (const prefix of ["/api/v1/jobs", "/api/v1/events", "/api/v1/queues"]) refresh(prefix);
  };
  const hear = (messages: Message[]) => {
    for (const { event, data } of messages) {
      if (event !== "entry") continue;
      const entry = JSON.parse(data) as { run_id: string; kind: string };
      gathered.add(entry.run_id);
      if (entry.kind.startsWith("APPROVAL_") || entry.kind === "JOB_CANCELLED") hasAnswers = true;
      if (entry.kind === "JOB_FAILED" || entry.kind === "JOB_TIMED_OUT") hasFailed = true;
    }
    if (gathered.size && !timer) timer = window.setTimeout(flush, GATHER_MS);
  };
  const stop = listen("/api/v1/stream", hear);
  return () => {
    clearTimeout(timer);
    stop();
  };
}
