// How far a run says it is: with how fast it goes, and what that leaves. Nothing is made up where it does not say.
import { useRef } from "react";
import { span } from "../../ui/format";
import type { Run } from "./live";

/** How much a new measure counts against those before it. */
const NEWEST_SHARE = 0.3;

interface Pace {
  done: number;
  at: number;
  /** Pieces a second. */
  rate: number | null;
}

export function Progress({ run }: { run: Run }) {
  const said = run.progress as { done?: number; total?: number; note?: string } | null;
  const pace = useRef<Pace | null>(null);
  if (!said || typeof said.done !== "number" || typeof said.total !== "number" || said.total <= 0) return null;
  const rate = run.finished_at ? null : paced(pace, said.done, run);
  const left = rate ? ((said.total - said.done) / rate) * 1_000 : null;
  return (
    <div className="progress">
      <progress value={said.done} max={said.total} aria-label="Progress" />
      <span>
        {said.done.toLocaleString()} of {said.total.toLocaleString()} {said.note ?? ""}
        {rate ? ` · ${rate >= 10 ? Math.round(rate).toLocaleString() : rate.toFixed(1)}/s` : ""}
        {left && left > 0 ? ` · ${span(left)} left` : ""}
      </span>
    </div>
  );
}

function paced(kept: { current: Pace | null }, done: number, run: Run): number | null {
  const now = Date.now();
  const was = kept.current;
  if (!was) {
    // Of a run that was opened later: as fast as it was on the whole.
    const past = run.started_at ? (now - Date.parse(run.started_at)) / 1_000 : 0;
    kept.current = { done, at: now, rate: past > 1 && done > 0 ? done / past : null };
  } else if (done !== was.done && now > was.at) {
    const fresh = ((done - was.done) / (now - was.at)) * 1_000;
    kept.current = { done, at: now, rate: was.rate === null ? fresh : was.rate * (1 - NEWEST_SHARE) + fresh * NEWEST_SHARE };
  }
  return kept.current?.rate ?? null;
}
