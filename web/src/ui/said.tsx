// What a page says when it has nothing to show: not yet, nothing there, or something is wrong.
import type { ReactNode } from "react";
import type { Problem } from "../api/client";
import { Button } from "./button";

export function Skeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} style={{ width: `${92 - ((row * 37) % 40)}%` }} />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p>{title}</p>
      {children}
    </div>
  );
}

export function Wrong({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div className="wrong" role="alert">
      <p>{problem.message}</p>
      {problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((each) => (
            <li key={each.path + each.message}>
              <code>{each.path || "payload"}</code> {each.message}
            </li>
          ))}
        </ul>
      )}
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}
