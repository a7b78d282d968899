// The trace: a tree on the left, its bars on the right, as many rows in the page as one can see.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../keys/keys";
import { Button } from "../ui/button";
import { useNow } from "../ui/clock";
import { span as spanWords } from "../ui/format";
import { FoldedIcon, OpenIcon } from "../ui/icons";
import { Mark } from "../ui/status";
import { Bar } from "./bar";
import { Minimap } from "./minimap";
import { scaleOf } from "./scale";
import { groupKey, nextError, type Row, rowsOf, type Span, treeOf } from "./spans";
import { isWhole, moved, type View, WHOLE, within, zoomed } from "./view";

const ROW = 28;

interface Props {
  spans: Span[];
  selected: string | null;
  onSelect: (id: string) => void;
}

export function Trace({ spans, selected, onSelect }: Props) {
  const root = useMemo(() => treeOf(spans), [spans]);
  const [closed, setClosed] = useState<Set<string>>(new Set());
  const [opened, setOpened] = useState<Set<string>>(new Set());
  const [view, setView] = useState<View>(WHOLE);
  const [follows, setFollows] = useState(true);
  const scroller = useRef<HTMLDivElement>(null);
  const isLive = root !== null && root.end === null;
  const clock = useNow();
  const now = isLive ? Math.max(clock, Date.now() - 1_000) : (root?.end ?? clock);
  const rows = useMemo(() => (root ? rowsOf(root, closed, opened) : []), [root, closed, opened]);
  const scale = useMemo(() => (root ? scaleOf(root, now) : null), [root, now]);
  const nodes = useMemo(() => rows.map((row) => row.node), [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const at = rows.findIndex((row) => row.node.span.id === selected);

  useEffect(() => {
    if (isLive && follows) virtual.scrollToIndex(rows.length - 1);
  }, [isLive, follows, rows.length, virtual]);

  const choose = (row: number) => {
    const id = rows[row]?.node.span.id;
    if (id === undefined) return;
    onSelect(id);
    virtual.scrollToIndex(row, { align: "auto" });
  };
  const fold = (row: Row | undefined, shut: boolean) => {
    if (!row) return;
    if (row.folds > 1) setOpened((was) => new Set(was).add(groupKey(row.node)));
    else
      setClosed((was) => {
        const next = new Set(was);
        if (shut) next.add(row.node.span.id);
        else next.delete(row.node.span.id);
        return next;
      });
  };
  const toSelection = () => {
    const node = rows[at]?.node;
    if (!node || !scale) return;
    const [from, to] = [scale.place(node.start), scale.place(node.end ?? now)];
    const room = Math.max((to - from) * 0.15, 0.002);
    setView(moved({ from: from - room, to: Math.min(from - room + 1, to + room) }, 0));
  };

  useKeys([
    { press: "j", does: "Next row", act: () => choose(Math.min(at + 1, rows.length - 1)) },
    { press: "k", does: "Row before", act: () => choose(Math.max(at - 1, 0)) },
    { press: "ArrowDown", does: "Next row", act: () => choose(Math.min(at + 1, rows.length - 1)) },
    { press: "ArrowUp", does: "Row before", act: () => choose(Math.max(at - 1, 0)) },
    { press: "ArrowLeft", does: "Fold", act: () => fold(rows[at], true) },
    { press: "ArrowRight", does: "Unfold", act: () => fold(rows[at], false) },
    { press: "e", does: "Next error", act: () => choose(nextError(rows, at)) },
    { press: "+", does: "Zoom in", act: () => setView((was) => zoomed(was, 0.5)) },
    { press: "-", does: "Zoom out", act: () => setView((was) => zoomed(was, 2)) },
    { press: "0", does: "See all of it", act: () => setView(WHOLE) },
    { press: "z", does: "Zoom to the row", act: toSelection },
    { press: "f", does: "Follow what is new", act: () => setFollows((was) => !was) },
  ]);

  if (!root || !scale) return null;
  const hasErrors = nextError(rows, -1) >= 0;
  return (
    <section className="trace" aria-label="Trace">
      <div className="trace-tools">
        <Minimap nodes={nodes} scale={scale} view={view} now={now} onView={setView} />
        {hasErrors && (
          <Button kind="quiet" hint="e" onClick={() => choose(nextError(rows, at))}>
            Next error
          </Button>
        )}
        {isLive && (
          <Button kind="quiet" hint="f" aria-pressed={follows} onClick={() => setFollows(!follows)}>
            {follows ? "Following" : "Follow"}
          </Button>
        )}
        <Button kind="quiet" hint="+" aria-label="Zoom in" onClick={() => setView(zoomed(view, 0.5))}>
          +
        </Button>
        <Button kind="quiet" hint="-" aria-label="Zoom out" onClick={() => setView(zoomed(view, 2))}>
          −
        </Button>
        <Button kind="quiet" hint="0" disabled={isWhole(view)} onClick={() => setView(WHOLE)}>
          All
        </Button>
      </div>
      <Axis scale={scale} view={view} />
      <div
        ref={scroller}
        className="trace-rows"
        role="treegrid"
        aria-label="Tasks of the run"
        aria-rowcount={rows.length}
        tabIndex={0}
        onWheel={(event) => {
          if (event.deltaY < 0) setFollows(false);
          if (!event.ctrlKey && !event.metaKey) return;
          const box = event.currentTarget.getBoundingClientRect();
          const middle = view.from + ((event.clientX - box.left) / box.width) * (view.to - view.from);
          setView(zoomed(view, event.deltaY > 0 ? 1.25 : 0.8, middle));
        }}
      >
        <div style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const { span } = row.node;
            return (
              <div
                key={item.key}
                role="row"
                aria-level={row.node.depth + 1}
                aria-expanded={row.hasChildren ? row.isOpen : undefined}
                aria-selected={span.id === selected}
                aria-rowindex={item.index + 1}
                className={span.id === selected ? "row chosen" : "row"}
                style={{ transform: `translateY(${item.start}px)` }}
                onClick={() => onSelect(span.id)}
              >
                <div role="gridcell" className="name" style={{ paddingLeft: 10 + row.node.depth * 14 }}>
                  <button
                    type="button"
                    className="fold"
                    tabIndex={-1}
                    aria-label={row.isOpen ? "Fold" : "Unfold"}
                    hidden={!row.hasChildren}
                    onClick={(event) => {
                      event.stopPropagation();
                      fold(row, row.isOpen);
                    }}
                  >
                    {row.isOpen ? <OpenIcon size={13} /> : <FoldedIcon size={13} />}
                  </button>
                  <Mark status={span.status} />
                  <span className="text" title={span.name}>
                    {span.name}
                  </span>
                  {row.folds > 1 && <span className="times">× {row.folds.toLocaleString()}</span>}
                  {span.attempt > 1 && <span className="times">attempt {span.attempt}</span>}
                </div>
                <div role="gridcell" className="lane">
                  <Bar row={row} scale={scale} view={view} now={now} />
                </div>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

const TICKS = 5;

function Axis({ scale, view }: { scale: ReturnType<typeof scaleOf>; view: View }) {
  const ticks = Array.from({ length: TICKS }, (_, at) => at / TICKS);
  const cuts = scale.breaks.map((cut) => [within(view, cut.from), within(view, cut.to), cut.lasts] as const);
  return (
    <div className="axis" aria-hidden="true">
      <div className="name" />
      <div className="lane">
        {ticks.map((tick) => {
          if (cuts.some(([from, to]) => from < tick + 1 / TICKS / 2 && to > tick)) return null;
          const at = scale.instant(view.from + tick * (view.to - view.from));
          return (
            <span key={tick} style={{ left: `${tick * 100}%` }}>
              {spanWords(at - scale.begin)}
            </span>
          );
        })}
        {cuts.map(([from, to, lasts]) => {
          return from > 1 || to < 0 ? null : (
            <em key={from} style={{ left: `${Math.max(0, from) * 100}%`, width: `${(Math.min(1, to) - Math.max(0, from)) * 100}%` }}>
              <span>{spanWords(lasts)}</span>
            </em>
          );
        })}
      </div>
    </div>
  );
}
