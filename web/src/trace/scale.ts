// Instants to places from 0 to 1. Time in which nothing worked, and that would fill the picture, is cut short.
import { isWait, type Node } from "./spans";

export interface Break {
  /** Places from 0 to 1. */
  from: number;
  to: number;
  /** Instants. */
  began: number;
  ended: number;
}

export interface Scale {
  place: (at: number) => number;
  instant: (place: number) => number;
  breaks: Break[];
  begin: number;
  end: number;
  /** Two scales of the same key put everything at the same places. */
  key: string;
}

/** A gap is cut when it would take more than this share of the width; it then takes `CUT_TO`. */
const CUT_ABOVE = 0.2;
const CUT_TO = 0.05;
/** Shorter ones, in ms, tell something; and a picture of cuts alone tells nothing. */
const SHORTEST_CUT = 1_000;
const MOST_CUTS = 6;

/** `from`: an instant before the root's own that shall be seen too; `now`: where the picture ends while it goes on. */
export function scaleOf(root: Node, now: number, from = root.start): Scale {
  const busy: [number, number][] = [];
  let begin = Math.min(from, root.start);
  let end = root.end ?? now;
  const visit = (node: Node) => {
    const until = node.end ?? now;
    begin = Math.min(begin, node.start);
    end = Math.max(end, until);
    if (node !== root && !isWait(node.span)) busy.push([node.start, until]);
    node.children.forEach(visit);
  };
  visit(root);
  return scaleBetween(begin, Math.max(end, begin + 1), busy);
}

export function scaleBetween(begin: number, end: number, busy: [number, number][]): Scale {
  const gaps = gapsOf(begin, end, busy);
  const cut = cutsOf(gaps, end - begin);
  const lengthOf = (from: number, to: number) => (cut.has(from) ? 0 : to - from);
  const kept = end - begin - [...cut].reduce((sum, [from, to]) => sum + to - from, 0);
  const share = 1 - cut.size * CUT_TO;
  // Corners: instants and the places they have; between two of them places are in proportion.
  const corners: [number, number][] = [[begin, 0]];
  let place = 0;
  let at = begin;
  for (const [from, to] of [...cut].sort(([a], [b]) => a - b)) {
    place += (lengthOf(at, from) / Math.max(kept, 1)) * share;
    corners.push([from, place]);
    place += CUT_TO;
    corners.push([to, place]);
    at = to;
  }
  corners.push([end, 1]);
  return {
    begin,
    end,
    key: corners.join(),
    place: (instant) => between(corners, instant, 0, 1),
    instant: (where) => between(corners, where, 1, 0),
    breaks: [...cut].map(([from, to]) => ({
      from: between(corners, from, 0, 1),
      to: between(corners, to, 0, 1),
      began: from,
      ended: to,
    })),
  };
}

/** While a run goes on its picture ends a little later than now: it is not drawn anew at every moment. */
export function endAhead(begin: number, now: number): number {
  const past = Math.max(now - begin, 1_000);
  const unit = 10 ** Math.floor(Math.log10(past)) / 4;
  return begin + Math.ceil(past / unit) * unit;
}

function gapsOf(begin: number, end: number, busy: [number, number][]): [number, number][] {
  const gaps: [number, number][] = [];
  let reached = begin;
  for (const [from, to] of [...busy].sort((a, b) => a[0] - b[0])) {
    if (from > reached) gaps.push([reached, from]);
    reached = Math.max(reached, to);
  }
  if (reached < end) gaps.push([reached, end]);
  return gaps;
}

/** The longest first: what is left after it is cut decides about the next. All of it is never cut. */
function cutsOf(gaps: [number, number][], whole: number): Map<number, number> {
  const cut = new Map<number, number>();
  let left = whole;
  for (const [from, to] of [...gaps].sort((a, b) => b[1] - b[0] - (a[1] - a[0]))) {
    const lasts = to - from;
    if (lasts <= CUT_ABOVE * left || lasts < SHORTEST_CUT || cut.size === MOST_CUTS || left - lasts < 1) break;
    cut.set(from, to);
    left -= lasts;
  }
  return cut;
}

function between(corners: [number, number][], value: number, from: 0 | 1, to: 0 | 1): number {
  let low = corners[0] ?? [0, 0];
  for (const high of corners.slice(1)) {
    if (value <= high[from]) {
      const width = high[from] - low[from];
      const share = width > 0 ? (value - low[from]) / width : 0;
      return low[to] + Math.max(0, share) * (high[to] - low[to]);
    }
    low = high;
  }
  return low[to];
}
