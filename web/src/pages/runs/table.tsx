import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { Status } from "../../ui/status";
import type { Column } from "./columns";
import type { Run } from "./live";

interface Props {
  runs: Run[];
  columns: Column[];
  at: number;
  chosen: Set<string>;
  /** With the range: all between it and the one chosen before. */
  onChoose: (id: string, isRange: boolean) => void;
  onChooseAll: () => void;
  onFilter: (name: string, value: string) => void;
}

export function RunsTable({ runs, columns, at, chosen, onChoose, onChooseAll, onFilter }: Props) {
  const here = useRef<HTMLTableRowElement>(null);
  const shownAt = useRef(at);
  useEffect(() => {
    // Not as the page opens: one who comes back is where one was.
    if (shownAt.current === at) return;
    shownAt.current = at;
    here.current?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <div className="sheet">
      <table className="list">
        <thead>
          <tr>
            <th className="tick">
              <input
                type="checkbox"
                title="Choose all on this page"
                aria-label="Choose all on this page"
                checked={runs.every((run) => chosen.has(run.id))}
                onChange={onChooseAll}
              />
            </th>
            <th>Status</th>
            <th>Job</th>
            {columns.map((column) => (
              <th key={column.id} className={column.className}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run, row) => (
            <tr key={run.id} ref={row === at ? here : undefined} className={row === at ? "here" : undefined}>
              <td className="tick">
                <input
                  type="checkbox"
                  title="Choose; with shift, all between · keys x or ⇧X"
                  checked={chosen.has(run.id)}
                  onChange={(event) => onChoose(run.id, (event.nativeEvent as MouseEvent).shiftKey === true)}
                  aria-label={`Choose ${run.id}`}
                />
              </td>
              <td>
                <Status status={run.status} />
              </td>
              <td className="main">
                <Link href={`/runs/${run.id}`}>{run.job_id}</Link>
                <Note run={run} />
              </td>
              {columns.map((column) => (
                <td key={column.id} className={column.className}>
                  {column.cell(run, onFilter)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The one thing worth knowing about it without opening it. */
function Note({ run }: { run: Run }) {
  const wait = run.waiting_for[0];
  if (run.error && run.finished_at) return <span className="note bad-text">{run.error.message}</span>;
  if (run.pending_reason) return <span className="note">{run.pending_reason.message}</span>;
  if (wait) return <span className="note">{waitWords(wait)}</span>;
  return null;
}

export function waitWords(wait: Run["waiting_for"][number]): string {
  if (wait.message) return wait.message;
  if (wait.kind === "event") return `waits for the event ${wait.event_name}${wait.id ? ` of ${wait.id}` : ""}`;
  if (wait.kind === "time" || wait.kind === "retry") return `sleeps in ${wait.task}`;
  if (wait.kind === "approval") return `waits for people: ${wait.task}`;
  if (wait.kind === "token") return `waits for a token (${wait.task})`;
  if (wait.kind === "run" || wait.kind === "runs") return `waits for runs it started (${wait.task})`;
  return `waits in ${wait.task} (${wait.kind})`;
}
