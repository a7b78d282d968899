// All of the run in a strip: drag to look at a part of it.
import { type PointerEvent, useEffect, useRef } from "react";
import { toneOf } from "../ui/status";
import type { Scale } from "./scale";
import { isWait, type Node } from "./spans";
import { type View, WHOLE } from "./view";

interface Props {
  nodes: Node[];
  scale: Scale;
  view: View;
  now: number;
  onView: (view: View) => void;
}

export function Minimap({ nodes, scale, view, now, onView }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const began = useRef<number | null>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context && canvas.current) draw(context, canvas.current, nodes, scale, now);
  }, [nodes, scale, now]);
  const placeOf = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  return (
    <div
      className="minimap"
      aria-hidden="true"
      onPointerDown={(event) => {
        began.current = placeOf(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (began.current === null) return;
        const place = placeOf(event);
        const [from, to] = [Math.min(place, began.current), Math.max(place, began.current)];
        if (to - from > 0.01) onView({ from, to });
      }}
      onPointerUp={() => {
        began.current = null;
      }}
      onDoubleClick={() => onView(WHOLE)}
    >
      <canvas ref={canvas} width={1200} height={26} />
      <div className="window" style={{ left: `${view.from * 100}%`, width: `${(view.to - view.from) * 100}%` }} />
    </div>
  );
}

function draw(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, nodes: Node[], scale: Scale, now: number) {
  const { width, height } = canvas;
  const style = getComputedStyle(canvas);
  context.clearRect(0, 0, width, height);
  const lane = Math.max(0.4, Math.min(3, height / Math.max(nodes.length, 1)));
  nodes.forEach((node, at) => {
    const from = scale.place(node.start) * width;
    const to = scale.place(node.end ?? now) * width;
    context.globalAlpha = isWait(node.span) ? 0.35 : 0.85;
    context.fillStyle = style.getPropertyValue(`--${toneOf(node.span.status)}`);
    context.fillRect(from, ((at * lane) % (height - 2)) + 1, Math.max(1, to - from), Math.max(1, lane));
  });
}
