// The trace: a tree on the left, its bars on the right, as many rows in the page as one can see.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "../keys/keys";
import { useNow } from "../ui/clock";
import { Axis } from "./axis";
import { useGestures } from "./gestures";
import { TraceRow } from "./row";
import { endAhead, type Scale, scaleOf } from "./scale";
import { groupKey, nextError, type Node, type Row, rowsFound, rowsOf, type Span, treeOf } from "./spans";
import { Tools } from "./tools";
import { moved, type View, WHOLE, zoomed } from "./view";

const ROW = 28;
/** More than are ever in sight. A row that leaves is drawn on by one that comes: making new ones costs frames. */
const POOL = 256;

interface Props {
  spans: Span[];
  /** When the run came into its queue. */
  createdAt: string;
  selected: string | null;
  onSelect: (id: string) => void;
}

export function Trace({ spans, createdAt, selected, onSelect }: Props) {
  const root = useMemo(() => treeOf(spans), [spans]);
  const [view, setView] = useState<View>(WHOLE);
  const [follows, setFollows] = useState(true);
  const { rows, fold, text, setText, errorsOnly, setErrorsOnly } = useRows(root);
  const scroller = useRef<HTMLDivElement>(null);
  const isLive = root !== null && root.end === null;
  const clock = useNow();
  const now = isLive ? Math.max(clock, Date.now() - 1_000) : (root?.end ?? clock);
  const scale = useScale(root, isLive ? now : null, Date.parse(createdAt));
  const width = useGestures(scroller, view, setView, () => setFollows(false));
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 8 });
  const at = useMemo(() => rows.findIndex((row) => row.node.span.id === selected), [rows, selected]);
  const nodes = useMemo(() => rows.map((row) => row.node), [rows]);
  const hasErrors = useMemo(() => spans.some((span) => span.status === "FAILED" && span.parent_id !== null), [spans]);

  useEffect(() => {
    if (isLive && follows) virtual.scrollToIndex(rows.length - 1);
  }, [isLive, follows, rows.length, virtual]);

  const chosen = useRef(onSelect);
  chosen.current = onSelect;
  const select = useCallback((id: string) => chosen.current(id), []);
  const choose = (row: number) => {
    const id = rows[row]?.node.span.id;
    if (id === undefined) return;
    if (id !== selected) onSelect(id);
    setFollows(false);
    virtual.scrollToIndex(row, { align: "auto" });
  };
  const toSelection = () => {
    const node = rows[at]?.node;
    if (!node || !scale) return;
    const [from, to] = [scale.place(node.start), scale.place(node.end ?? now)];
    const room = Math.max((to - from) * 0.15, 0.002);
    setView(moved({ from: from - room, to: Math.min(from - room + 1, to + room) }, 0));
  };
  const parentOf = (row: Row | undefined) => rows.findIndex((each) => each.node.span.id === row?.node.span.parent_id);
  const inward = () => {
    const row = rows[at];
    if (row?.hasChildren && row.isOpen) choose(at + 1);
    else if (row?.hasChildren) fold(row, false);
  };
  const outward = () => {
    const row = rows[at];
    if (row?.hasChildren && row.isOpen) fold(row, true);
    else if (parentOf(row) >= 0) choose(parentOf(row));
  };

  useKeys([
    { press: "j", does: "Next row", act: () => choose(Math.min(at + 1, rows.length - 1)) },
    { press: "k", does: "Row before", act: () => choose(Math.max(at - 1, 0)) },
    { press: "ArrowDown", does: "Next row", act: () => choose(Math.min(at + 1, rows.length - 1)) },
    { press: "ArrowUp", does: "Row before", act: () => choose(Math.max(at - 1, 0)) },
    { press: "Home", does: "First row", act: () => choose(0) },
    { press: "End", does: "Last row", act: () => choose(rows.length - 1) },
    { press: "ArrowLeft", does: "Fold, then up to the parent", act: outward },
    { press: "ArrowRight", does: "Unfold, then down to the first", act: inward },
    { press: "e", does: "Next error", act: () => choose(nextError(rows, at)), isOn: () => hasErrors },
    { press: "/", does: "Find a task", act: () => document.querySelector<HTMLElement>(".trace .find")?.focus() },
    { press: "+", does: "Zoom in", act: () => setView((was) => zoomed(was, 0.5)) },
    { press: "-", does: "Zoom out", act: () => setView((was) => zoomed(was, 2)) },
    { press: "0", does: "See all of it", act: () => setView(WHOLE) },
    { press: "z", does: "Zoom to the row", act: toSelection, isOn: () => at >= 0 },
    { press: "f", does: "Follow what is new", act: () => setFollows((was) => !was), isOn: () => isLive },
  ]);

  if (!root || !scale) return null;
  return (
    <section className="trace" aria-label="Trace">
      <Tools
        {...{ nodes, scale, view, now, text, errorsOnly, hasErrors }}
        follows={isLive ? follows : null}
        onView={setView}
        onText={setText}
        onErrorsOnly={setErrorsOnly}
        onNextError={() => choose(nextError(rows, at))}
        onToSelection={at >= 0 ? toSelection : undefined}
        onFollow={() => setFollows(!follows)}
      />
      <Axis {...{ scale, view, width, now }} onView={setView} />
      <div
        ref={scroller}
        className="trace-rows"
        role="treegrid"
        aria-label="Tasks of the run"
        aria-rowcount={rows.length}
        aria-activedescendant={at >= 0 ? `span-${at}` : undefined}
        tabIndex={0}
      >
        <div role="rowgroup" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row ? (
              <TraceRow
                key={item.index % POOL}
                row={row}
                at={item.index}
                top={item.start}
                isChosen={row.node.span.id === selected}
                scale={scale}
                view={view}
                now={row.end === null ? now : 0}
                width={width}
                queuedAt={row.node === root ? Date.parse(createdAt) : undefined}
                onSelect={select}
                onFold={fold}
              />
            ) : null;
          })}
        </div>
        {rows.length === 1 && (text || errorsOnly) && <p className="faint pad nothing">No task fits.</p>}
      </div>
    </section>
  );
}

/** The rows as they are folded, or those that are looked for. */
function useRows(root: Node | null) {
  const [closed, setClosed] = useState<Set<string>>(new Set());
  const [opened, setOpened] = useState<Set<string>>(new Set());
  const [text, setText] = useState("");
  const [errorsOnly, setErrorsOnly] = useState(false);
  const asked = useDeferredValue(text);
  const rows = useMemo(() => {
    if (!root) return [];
    return asked.trim() || errorsOnly ? rowsFound(root, asked, errorsOnly) : rowsOf(root, closed, opened);
  }, [root, closed, opened, asked, errorsOnly]);
  const fold = useCallback((row: Row, shut: boolean) => {
    if (row.folds > 1) return setOpened((was) => new Set(was).add(groupKey(row.node)));
    setClosed((was) => {
      const next = new Set(was);
      if (shut) next.add(row.node.span.id);
      else next.delete(row.node.span.id);
      return next;
    });
  }, []);
  return { rows, fold, text, setText, errorsOnly, setErrorsOnly };
}

/** The same scale as long as it puts everything at the same places: then no row is drawn again. `now`: it goes on. */
function useScale(root: Node | null, now: number | null, createdAt: number): Scale | null {
  const kept = useRef<Scale | null>(null);
  const end = root === null ? 0 : now === null ? (root.end ?? 0) : endAhead(Math.min(createdAt, root.start), now);
  const made = useMemo(() => (root ? scaleOf(root, end, createdAt) : null), [root, end, createdAt]);
  if (made?.key !== kept.current?.key) kept.current = made;
  return kept.current;
}
