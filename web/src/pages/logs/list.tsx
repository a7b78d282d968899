// Log lines of many runs, one under the other: only those in sight are drawn, each leads to its run and opens.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useKeys } from "../../keys/keys";
import { local, utc } from "../../ui/format";
import { FoldedIcon, OpenIcon } from "../../ui/icons";
import { Json } from "../../ui/json";
import { idOf, type Line } from "./lines";

const ROW = 28;

interface Props {
  lines: Line[];
  /** Called when the end comes in sight. */
  onEnd: () => void;
  foot: ReactNode;
}

export function LinesList({ lines, onEnd, foot }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Set<string>>(new Set());
  const [at, setAt] = useState<string | null>(null);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, getItemKey: (index) => { const line = lines[index]; return line ? idOf(line) : index; }, overscan: 12 });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= lines.length - 1) onEnd();
  }, [last, lines.length, onEnd]);
  useKeptPlace(scroller, lines);
  const toggle = (id: string) =>
    setOpen((was) => {
      const now = new Set(was);
      if (!now.delete(id)) now.add(id);
      return now;
    });
  const move = (by: number) => {
    const from = lines.findIndex((line) => idOf(line) === at);
    const to = from < 0 ? 0 : Math.min(Math.max(from + by, 0), lines.length - 1);
    const line = lines[to];
    setAt(line ? idOf(line) : null);
    virtual.scrollToIndex(to);
  };
  useKeys([
    { press: "j", does: "Next line", act: () => move(1) },
    { press: "k", does: "Line before", act: () => move(-1) },
    { press: "Enter", does: "Open the line", act: () => at && toggle(at) },
  ]);
  return (
    <div className="log-lines all" ref={scroller} tabIndex={0} role="region" aria-label="Log lines">
      <div style={{ height: virtual.getTotalSize() }} role="list">
        {items.map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          const id = idOf(line);
          const isOpen = open.has(id);
          return (
            <div key={item.key} role="listitem" ref={virtual.measureElement} data-index={item.index} className={`line ${line.level.toLowerCase()}${id === at ? " at" : ""}`} style={{ transform: `translateY(${item.start}px)` }}>
              <Row line={line} isOpen={isOpen} onToggle={() => toggle(id)} />
              {isOpen && <Opened line={line} />}
            </div>
          );
        })}
      </div>
      {foot}
    </div>
  );
}

const runOf = (line: Line): string => `/runs/${line.run_id}${line.task ? `?task=${encodeURIComponent(line.task)}` : ""}`;
const fieldsOf = (line: Line): Record<string, unknown> | null => (line.fields && Object.keys(line.fields).length > 0 ? line.fields : null);

function Row({ line, isOpen, onToggle }: { line: Line; isOpen: boolean; onToggle: () => void }) {
  const fields = fieldsOf(line);
  return (
    <div className="line-row">
      <button type="button" className="fold" aria-expanded={isOpen} aria-label={isOpen ? "Fold the line" : "Open the line"} title={`${isOpen ? "Fold" : "Open"} · key ↵`} onClick={onToggle}>
        {isOpen ? <OpenIcon size={14} /> : <FoldedIcon size={14} />}
      </button>
      <time dateTime={line.at} title={utc(Date.parse(line.at))}>
        {local(Date.parse(line.at))}
      </time>
      <span className="level">{line.level.toLowerCase()}</span>
      <Link className="of" href={runOf(line)} title={`${line.job_id}${line.task ? ` › ${line.task}` : ""}: open the run`}>
        {line.job_id}
        {line.task && <span className="faint"> › {line.task}</span>}
      </Link>
      <span className="message">
        {line.message}
        {fields && !isOpen && <em> {JSON.stringify(fields)}</em>}
      </span>
    </div>
  );
}

function Opened({ line }: { line: Line }) {
  const fields = fieldsOf(line);
  return (
    <div className="line-opened">
      <p>
        <Link href={runOf(line)}>{line.run_id}</Link> <span className="faint">{utc(Date.parse(line.at))}</span>
      </p>
      {fields ? <Json value={fields} label="fields" /> : <p className="faint">It has no fields.</p>}
    </div>
  );
}

/** Who reads further down stays with what they read, though lines come on top. */
function useKeptPlace(scroller: RefObject<HTMLDivElement | null>, lines: Line[]): void {
  const top = useRef<string | null>(null);
  useLayoutEffect(() => {
    const came = lines.findIndex((line) => idOf(line) === top.current);
    const box = scroller.current;
    if (box && came > 0 && box.scrollTop > 0) box.scrollTop += came * ROW;
    top.current = lines[0] ? idOf(lines[0]) : null;
  }, [lines, scroller]);
}
