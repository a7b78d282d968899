// Runs that ended, as stacked bars over time: one look for when, how many and how. Hover reads a bar, a click filters.
import { useState } from "react";
import { Link } from "wouter";
import type { Shape } from "../api/client";
import { useTimeStyle } from "./clock";
import { count, percent, span } from "./format";
import { Mark, wordOf } from "./status";
import "../style/chart.css";

/** From the bottom up; what went wrong lies on top, where it is seen. */
export const ENDED = ["SUCCESS", "CANCELLED", "EXPIRED", "TIMED_OUT", "FAILED"];
/** How far back a chart may go. */
export const SPANS = ["1h", "24h", "7d", "30d"];
const MINUTE = 60_000;
const DAY = 86_400_000;

type Stats = Shape<"StatsShape">;

interface Props {
  stats: Stats;
  /** Where a click on a bar leads: to the runs from one instant to another. */
  hrefOf: (from: string, until: string) => string;
}

export function StackedBars({ stats, hrefOf }: Props) {
  const [hovered, setHovered] = useState<number | null>(null);
  const isUtc = useTimeStyle() === "utc";
  const width = stats.bucket * 1_000;
  const bars = stats.buckets.map(({ at, counts }) => ({ at: Date.parse(at), counts, total: sum(counts) }));
  const top = roundedUp(Math.max(1, ...bars.map((bar) => bar.total)));
  const shown = hovered === null ? undefined : bars[hovered];
  return (
    <div className="chart">
      <div className="chart-scale" aria-hidden="true">
        <span>{top.toLocaleString()}</span>
        <span>{top > 1 ? (top / 2).toLocaleString() : ""}</span>
        <span>0</span>
      </div>
      <div className="chart-bars" aria-hidden="true" onMouseLeave={() => setHovered(null)}>
        {bars.map((bar, at) => (
          <Link
            key={bar.at}
            href={hrefOf(new Date(bar.at).toISOString(), new Date(bar.at + width).toISOString())}
            className={at === hovered ? "here" : ""}
            tabIndex={-1}
            onMouseEnter={() => setHovered(at)}
          >
            {ENDED.filter((status) => bar.counts[status]).map((status) => (
              <i key={status} className={status} style={{ height: `${(100 * (bar.counts[status] ?? 0)) / top}%` }} />
            ))}
          </Link>
        ))}
        {shown && hovered !== null && (
          <div className={hovered > bars.length / 2 ? "chart-tip left" : "chart-tip"} style={{ left: `${(100 * (hovered + 0.5)) / bars.length}%` }}>
            <strong>{stretch(shown.at, width, isUtc)}</strong>
            {shown.total === 0 && <span>no run ended</span>}
            {ENDED.toReversed()
              .filter((status) => shown.counts[status])
              .map((status) => (
                <span key={status} className={`tip-line ${status}`}>
                  <Mark status={status} /> {wordOf(status)} <b>{shown.counts[status]?.toLocaleString()}</b>
                </span>
              ))}
          </div>
        )}
      </div>
      <div className="chart-times" aria-hidden="true">
        {ticks(bars.length).map((at) => (
          <span key={at} style={{ left: `${(100 * at) / bars.length}%` }}>
            {bars[at] && tick(bars[at].at, width, isUtc)}
          </span>
        ))}
      </div>
      <Told bars={bars} width={width} isUtc={isUtc} />
    </div>
  );
}

/** The same as a table, for those who hear the page. */
function Told({ bars, width, isUtc }: { bars: { at: number; counts: Record<string, number>; total: number }[]; width: number; isUtc: boolean }) {
  return (
    <div className="unseen">
      <table>
        <caption>Runs that ended, by time</caption>
        <thead>
          <tr>
            <th>Time</th>
            {ENDED.map((status) => (
              <th key={status}>{wordOf(status)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars
            .filter((bar) => bar.total)
            .map((bar) => (
              <tr key={bar.at}>
                <td>{stretch(bar.at, width, isUtc)}</td>
                {ENDED.map((status) => (
                  <td key={status}>{bar.counts[status] ?? 0}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

/** How many came to what, in all: what the colours mean. */
export function Legend({ counts, hrefOf }: { counts: Record<string, number>; hrefOf: (status: string) => string }) {
  const there = ENDED.filter((status) => counts[status]);
  if (!there.length) return <span className="faint">No run ended in this time.</span>;
  return (
    <span className="legend">
      {there.map((status) => (
        <Link key={status} href={hrefOf(status)} className={status} title={count(counts[status] ?? 0, "run")}>
          <Mark status={status} />
          {wordOf(status)} <b>{(counts[status] ?? 0).toLocaleString()}</b>
        </Link>
      ))}
    </span>
  );
}

/** What this came to, in figures. */
export function Took({ ended }: { ended: Shape<"EndedShape"> }) {
  if (ended.success_rate === null) return null;
  return (
    <span className="faint took-in-all">
      {percent(ended.success_rate)} succeeded
      {ended.p50 !== null && ended.p95 !== null && ` · p50 ${span(ended.p50 * 1_000)} · p95 ${span(ended.p95 * 1_000)}`}
    </span>
  );
}

export function Spans({ chosen, onChoose }: { chosen: string; onChoose: (span: string) => void }) {
  return (
    <div className="spans" role="group" aria-label="How far back">
      {SPANS.map((each) => (
        <button key={each} type="button" aria-pressed={each === chosen} onClick={() => onChoose(each)}>
          {each}
        </button>
      ))}
    </div>
  );
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, one) => all + one, 0);

/** The next of 1, 2, 4, 6, 8, 10, 20, ...: halves of it are whole, or it is 1. */
function roundedUp(most: number): number {
  if (most <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 6, 8, 10].find((step) => step * power >= most) ?? 10) * power;
}

const ticks = (bars: number): number[] => [0, 1, 2, 3, 4, 5].map((part) => Math.round((part * bars) / 6));

function written(at: number, options: Intl.DateTimeFormatOptions, isUtc: boolean): string {
  return new Intl.DateTimeFormat(undefined, { ...options, hour12: false, ...(isUtc ? { timeZone: "UTC" } : {}) }).format(at);
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const DATE: Intl.DateTimeFormatOptions = { month: "short", day: "numeric" };

const tick = (at: number, width: number, isUtc: boolean): string => written(at, width > 30 * MINUTE ? DATE : CLOCK, isUtc);

function stretch(at: number, width: number, isUtc: boolean): string {
  const from = written(at, width > MINUTE ? { ...DATE, ...CLOCK } : CLOCK, isUtc);
  return `${from} to ${width >= DAY ? written(at + width, DATE, isUtc) : written(at + width, CLOCK, isUtc)}`;
}
