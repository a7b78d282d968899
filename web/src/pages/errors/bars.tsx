// How often it failed: a bar for each span of time, the last one still going on.
import type { Shape } from "../../api/client";
import { count, local } from "../../ui/format";

type Counts = Shape<"CountsShape">;

export const REACHES = { "24h": "24 hours", "7d": "7 days", "30d": "30 days" };
export type Reach = keyof typeof REACHES;

export function Bars({ counts, reach, isLarge = false }: { counts: Counts; reach: Reach; isLarge?: boolean }) {
  const most = Math.max(1, ...counts.runs);
  const sum = counts.runs.reduce((all, each) => all + each, 0);
  const since = Date.parse(counts.since);
  return (
    <div className={isLarge ? "error-bars large" : "error-bars"} role="img" aria-label={`${count(sum, "run")} failed in ${REACHES[reach]}`}>
      {counts.runs.map((runs, at) => (
        <i
          key={since + at}
          className={runs ? undefined : "none"}
          style={{ height: runs ? `${Math.max(12, (100 * runs) / most)}%` : undefined }}
          title={`${count(runs, "run")} from ${local(since + at * counts.every * 1_000, 0)}`}
        />
      ))}
    </div>
  );
}

export function ReachChips({ reach, onChange }: { reach: Reach; onChange: (reach: Reach) => void }) {
  return (
    <div className="chips" role="group" aria-label="How far back">
      {(Object.keys(REACHES) as Reach[]).map((each) => (
        <button key={each} type="button" aria-pressed={each === reach} onClick={() => onChange(each)}>
          {each}
        </button>
      ))}
    </div>
  );
}

export const reachOf = (text: string | null): Reach => (text === "7d" || text === "30d" ? text : "24h");
