// The bar of one row: solid for work, hatched for waiting, outlined while queued, a tick for each attempt that failed.
// How long it took stands behind it, or before it; never over a bar: a lane leaves room at its end for what fills it.
import { span as spanWords } from "../ui/format";
import { toneOf } from "../ui/status";
import type { Scale } from "./scale";
import { isWait, type Row } from "./spans";
import { type View, within } from "./view";

interface Props {
  row: Row;
  scale: Scale;
  view: View;
  now: number;
  /** Of the lane, in pixels; 0: not known yet. */
  width: number;
  /** When it came into its queue, where that is shown. */
  queuedAt?: number;
}

const LETTER = 6.6;
/** What a lane leaves free at its end, in pixels: `--lasted` of the styles. */
const ROOM = 52;

export function Bar({ row, scale, view, now, width, queuedAt }: Props) {
  const { span } = row.node;
  const { start, end, folds } = row;
  const from = within(view, scale.place(start));
  const to = within(view, scale.place(end ?? now));
  const queued = queuedAt === undefined ? from : within(view, scale.place(queuedAt));
  if (to < 0 || queued > 1) return null;
  const [left, right] = [Math.max(from, 0), Math.min(to, 1)];
  const kind = span.status === "PENDING" ? "queued" : isWait(span) || span.status === "WAITING" ? "waits" : "works";
  const isThin = span.kind === "run" || folds > 1;
  return (
    <>
      {queued < from && span.status !== "PENDING" && (
        <div className="bar queued idle" style={{ left: percent(Math.max(0, queued)), width: percent(Math.min(1, from) - Math.max(0, queued)) }} />
      )}
      {from <= 1 && (
        <div
          className={`bar ${kind} ${toneOf(span.status)} ${isThin ? "whole" : ""}`}
          style={{ left: percent(left), width: `max(3px, ${percent(right - left)})` }}
        />
      )}
      {span.attempts.map((attempt) => {
        const tick = within(view, scale.place(Date.parse(attempt.finished_at)));
        return tick >= 0 && tick <= 1 ? <i key={attempt.started_at} className="attempt" style={{ left: percent(tick) }} title="an attempt failed" /> : null;
      })}
      <Lasted words={spanWords((end ?? now) - start)} left={Math.max(0, Math.min(left, queued))} right={right} width={width} />
    </>
  );
}

function Lasted({ words, left, right, width }: { words: string; left: number; right: number; width: number }) {
  const needs = words.length * LETTER + 12;
  const fitsBefore = right * width + needs > width + ROOM && left * width >= needs;
  const place = fitsBefore ? { right: `calc(${percent(1 - left)} + 6px)` } : { left: `calc(${percent(right)} + 6px)` };
  return (
    <span className="lasted" style={place}>
      {words}
    </span>
  );
}

const percent = (share: number) => `${share * 100}%`;
