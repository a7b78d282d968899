// The bar of one row: solid for work, hatched for waiting, outlined while queued, a tick for each attempt that failed.
import { span as spanWords } from "../ui/format";
import { toneOf } from "../ui/status";
import type { Scale } from "./scale";
import { isWait, type Row } from "./spans";
import { type View, within } from "./view";

export function Bar({ row, scale, view, now }: { row: Row; scale: Scale; view: View; now: number }) {
  const { span } = row.node;
  const { start, end, folds } = row;
  const from = within(view, scale.place(start));
  const to = within(view, scale.place(end ?? now));
  if (to < 0 || from > 1) return null;
  const left = Math.max(from, 0);
  const right = Math.min(to, 1);
  const kind = span.status === "PENDING" ? "queued" : isWait(span) || span.status === "WAITING" ? "waits" : "works";
  const words = spanWords((end ?? now) - start);
  const isLate = right > 0.86;
  return (
    <>
      <div
        className={`bar ${kind} ${toneOf(span.status)} ${span.kind === "run" || folds > 1 ? "whole" : ""}`}
        style={{ left: `${left * 100}%`, width: `max(3px, ${(right - left) * 100}%)` }}
      />
      {span.attempts.map((attempt) => {
        const tick = within(view, scale.place(Date.parse(attempt.finished_at)));
        return tick >= 0 && tick <= 1 ? (
          <i key={attempt.started_at} className="attempt" style={{ left: `${tick * 100}%` }} title="an attempt failed" />
        ) : null;
      })}
      <span
        className="lasted"
        style={isLate ? { right: `calc(${(1 - left) * 100}% + 6px)` } : { left: `calc(${right * 100}% + 6px)` }}
      >
        {isLate && left < 0.1 ? "" : words}
      </span>
    </>
  );
}
