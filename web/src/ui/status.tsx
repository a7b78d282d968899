// A status is a word beside a mark whose shape, not only its colour, tells it from the others.
const TONE: Record<string, string> = {
  PENDING: "idle",
  RUNNING: "run",
  RETRYING: "warn",
  WAITING: "wait",
  SUCCESS: "ok",
  FAILED: "bad",
  CANCELLED: "idle",
  TIMED_OUT: "bad",
  EXPIRED: "idle",
  COMPLETED: "ok",
  ABORTED: "idle",
  APPROVED: "ok",
  REJECTED: "bad",
  ALIVE: "ok",
  DRAINING: "warn",
  DEAFENED: "bad",
  GONE: "idle",
};

const PATH: Record<string, string> = {
  PENDING: "M7 4v3.2l2 1.3",
  RUNNING: "",
  RETRYING: "M9.6 5.2A3.2 3.2 0 1 0 10.2 7M10.2 3.8v1.9H8.3",
  WAITING: "M5.6 5v4M8.4 5v4",
  SUCCESS: "M4.6 7.2l1.7 1.7 3.2-3.5",
  FAILED: "M5 5l4 4M9 5l-4 4",
  CANCELLED: "M4.6 9.400l4.8-4.8",
  TIMED_OUT: "M7 4v3.200l-2 1.3",
  EXPIRED: "M4.5 7h5",
  APPROVED: "M4.6 7.2l1.7 1.7 3.2-3.5",
  REJECTED: "M5 5l4 4M9 5l-4 4",
  COMPLETED: "M4.6 7.2l1.7 1.7 3.2-3.5",
  ABORTED: "M4.6 9.4l4.8-4.8",
  DRAINING: "M7 4v5M4.8 7.2L7 9.4l2.2-2.2",
  DEAFENED: "M7 4v3.6M7 9.6v.2",
  GONE: "M4.5 7h5",
  ALIVE: "M4.6 7.2l1.7 1.7 3.2-3.5",
};

export const toneOf = (status: string): string => TONE[status] ?? "idle";

export function wordOf(status: string): string {
  const word = status.replace("_", " ").toLowerCase();
  return word === "success" ? "succeeded" : word;
}

export function Mark({ status }: { status: string }) {
  const isRunning = status === "RUNNING";
  return (
    <svg className={`mark ${toneOf(status)}`} viewBox="0 0 14 14" aria-hidden="true">
      <circle cx="7" cy="7" r="6" className={isRunning ? "ring" : "disc"} />
      {isRunning ? <circle cx="7" cy="7" r="2.6" className="core" /> : <path d={PATH[status] ?? ""} />}
    </svg>
  );
}

export function Status({ status }: { status: string }) {
  return (
    <span className={`status ${toneOf(status)}`}>
      <Mark status={status} />
      {wordOf(status)}
    </span>
  );
}
