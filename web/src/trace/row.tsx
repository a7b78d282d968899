// One row of a trace. It is drawn again when its span, its place or the scale changes, not when others do.
import { memo } from "react";
import { Link } from "wouter";
import { FoldedIcon, OpenIcon } from "../ui/icons";
import { Mark } from "../ui/status";
import { Bar } from "./bar";
import type { Scale } from "./scale";
import { kindOf, type Row } from "./spans";
import type { View } from "./view";

interface Props {
  row: Row;
  at: number;
  top: number;
  isChosen: boolean;
  scale: Scale;
  view: View;
  /** The time, for what goes on; 0 for what is over. */
  now: number;
  width: number;
  queuedAt: number | undefined;
  onSelect: (id: string) => void;
  onFold: (row: Row, shut: boolean) => void;
}

export const TraceRow = memo(function TraceRow({ row, at, top, isChosen, onSelect, onFold, ...bar }: Props) {
  const { span } = row.node;
  return (
    <div
      id={`span-${at}`}
      role="row"
      aria-level={row.node.depth + 1}
      aria-expanded={row.hasChildren ? row.isOpen : undefined}
      aria-selected={isChosen}
      aria-rowindex={at + 1}
      className={isChosen ? "row chosen" : "row"}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(span.id)}
    >
      <div role="gridcell" className="name" style={{ paddingLeft: 10 + Math.min(row.node.depth, 12) * 14 }}>
        <button
          type="button"
          className="fold"
          tabIndex={-1}
          aria-label={row.isOpen ? "Fold" : "Unfold"}
          title={row.isOpen ? "Fold · key ←" : "Unfold · key →"}
          hidden={!row.hasChildren}
          onClick={(event) => {
            event.stopPropagation();
            onFold(row, row.isOpen);
          }}
        >
          {row.isOpen ? <OpenIcon size={13} /> : <FoldedIcon size={13} />}
        </button>
        <Mark status={span.status} />
        {span.kind === "child" ? (
          <Link href={`/runs/${span.id}`} className="text" tabIndex={-1} title="A run of its own: open it">
            {span.name} ↗
          </Link>
        ) : (
          <span className="text" title={span.name}>
            {row.folds > 1 ? kindOf(span.name) : span.name}
          </span>
        )}
        {row.folds > 1 && <span className="times">× {row.folds.toLocaleString()}</span>}
        {span.attempt > 1 && <span className="times">attempt {span.attempt}</span>}
      </div>
      <div role="gridcell" className="lane">
        <Bar row={row} {...bar} queuedAt={bar.queuedAt} />
      </div>
    </div>
  );
}, isSame);

/** Rows are made anew with the tree; what they show is compared. */
function isSame(was: Props, now: Props): boolean {
  const [a, b] = [was.row, now.row];
  return (
    a.node.span === b.node.span &&
    a.node.depth === b.node.depth &&
    a.folds === b.folds &&
    a.start === b.start &&
    a.end === b.end &&
    a.hasChildren === b.hasChildren &&
    a.isOpen === b.isOpen &&
    was.at === now.at &&
    was.top === now.top &&
    was.isChosen === now.isChosen &&
    was.scale === now.scale &&
    was.view === now.view &&
    was.now === now.now &&
    was.width === now.width &&
    was.queuedAt === now.queuedAt &&
    was.onSelect === now.onSelect &&
    was.onFold === now.onFold
  );
}
