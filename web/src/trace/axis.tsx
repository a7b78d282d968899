// The times above the bars; drag over them to look at a part.
import { type PointerEvent, useState } from "react";
import { span as spanWords } from "../ui/format";
import type { Break, Scale } from "./scale";
import { type View, within } from "./view";

const TICKS = 5;

/** What the words of a tick need, in pixels. */
const WORDS = 46;

interface Props {
  scale: Scale;
  view: View;
  /** Of the lane, in pixels; 0: not known yet. */
  width: number;
  /** The time, or when all was over. */
  now: number;
  onView: (view: View) => void;
}

export function Axis({ scale, view, width, now, onView }: Props) {
  const [drawn, draw] = useState<[number, number] | null>(null);
  const ticks = Array.from({ length: TICKS }, (_, at) => at / TICKS);
  // The picture of what goes on ends a little after now.
  const lastsOf = (cut: Break) => Math.max(0, Math.min(cut.ended, now) - cut.began);
  const cuts = scale.breaks.map((cut) => [within(view, cut.from), within(view, cut.to), lastsOf(cut)] as const);
  const placeOf = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const finish = () => {
    draw(null);
    if (!drawn) return;
    const [from, to] = [Math.min(...drawn), Math.max(...drawn)];
    const width = view.to - view.from;
    if (to - from > 0.01) onView({ from: view.from + from * width, to: view.from + to * width });
  };
  return (
    <div className="axis" aria-hidden="true">
      <div className="name" />
      <div
        className="lane"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          draw([placeOf(event), placeOf(event)]);
        }}
        onPointerMove={(event) => drawn && draw([drawn[0], placeOf(event)])}
        onPointerUp={finish}
      >
        {drawn && <b style={{ left: `${Math.min(...drawn) * 100}%`, width: `${Math.abs(drawn[1] - drawn[0]) * 100}%` }} />}
        {ticks.map((tick) => {
          if (cuts.some(([from, to]) => (from - tick) * width < WORDS && to > tick)) return null;
          const at = scale.instant(view.from + tick * (view.to - view.from));
          return (
            <span key={tick} style={{ left: `${tick * 100}%` }}>
              {spanWords(at - scale.begin)}
            </span>
          );
        })}
        {cuts.map(([from, to, lasts]) => {
          return from > 1 || to < 0 ? null : (
            <em key={from} className={to > 0.96 ? "late" : undefined} title="Nothing worked in this time" style={{ left: `${Math.max(0, from) * 100}%`, width: `${(Math.min(1, to) - Math.max(0, from)) * 100}%` }}>
              <span>{spanWords(lasts)}</span>
            </em>
          );
        })}
      </div>
    </div>
  );
}
