// JSON as people read it: coloured, folded where it is long, searched; of ten megabytes only the lines in sight are in
// the page.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { Button } from "./button";
import { Copy } from "./copy";
import { save } from "./download";
import { bytes } from "./format";
import { FoldedIcon, OpenIcon } from "./icons";
import { above, found, type JsonLine, linesOf } from "./json-lines";

const LINE = 20;
/** From so many lines on there is a search, and a box of its own to scroll. */
const MANY = 12;
const MOST_HIGH = 560;

export function Json({ value, label = "JSON" }: { value: unknown; label?: string }) {
  const [folds, setFolds] = useState<ReadonlyMap<string, boolean>>(new Map());
  const lines = useMemo(() => linesOf(value, folds), [value, folds]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => LINE, overscan: 10 });
  const [chosen, choose] = useState<string | null>(null);
  const fold = (line: JsonLine) => setFolds((was) => new Map(was).set(line.path, !line.isOpen));
  const reveal = (path: string) => {
    const opened = new Map(folds);
    for (const each of above(path)) opened.set(each, true);
    setFolds(opened);
    choose(path);
    const at = linesOf(value, opened).findIndex((line) => line.path === path);
    requestAnimationFrame(() => virtual.scrollToIndex(at, { align: "center" }));
  };
  const isLong = lines.length > MANY || lines.some((line) => line.kind === "open" && !line.isOpen && line.size > 0);
  return (
    <div className="json">
      {isLong && <Tools value={value} label={label} onFound={reveal} />}
      {!isLong && <Copy text={() => written(value)} label={label} />}
      <div ref={scroller} className="json-box" tabIndex={0} role="group" aria-label={label} style={{ height: Math.min(lines.length * LINE + 22, MOST_HIGH) }}>
        <div style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const line = lines[item.index];
            return line ? (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                className={line.path === chosen ? "json-line chosen" : "json-line"}
                style={{ transform: `translateY(${item.start}px)`, paddingLeft: 18 + line.depth * 16 }}
              >
                <Line line={line} onFold={() => fold(line)} />
              </div>
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}

const written = (value: unknown): string => JSON.stringify(value, null, 2) ?? "null";

function Tools({ value, label, onFound }: { value: unknown; label: string; onFound: (path: string) => void }) {
  const [text, setText] = useState("");
  const asked = useDeferredValue(text);
  const paths = useMemo(() => found(value, asked), [value, asked]);
  const at = useRef(-1);
  const next = (by: number) => {
    at.current = (at.current + by + paths.length) % Math.max(1, paths.length);
    const path = paths[at.current];
    if (path !== undefined) onFound(path);
  };
  const size = useMemo(() => new Blob([written(value)]).size, [value]);
  return (
    <div className="json-tools">
      <input
        type="search"
        value={text}
        placeholder={`Search the ${label}`}
        aria-label={`Search the ${label}`}
        onChange={(event) => {
          at.current = -1;
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          next(event.shiftKey ? -1 : 1);
        }}
      />
      {asked && <span className="faint">{paths.length >= 1_000 ? "1,000 or more" : paths.length.toLocaleString()} found</span>}
      {paths.length > 0 && (
        <Button kind="quiet" onClick={() => next(1)}>
          Next
        </Button>
      )}
      <span className="faint end">{bytes(size)}</span>
      <Copy text={() => written(value)} label={label} />
      <Button kind="quiet" onClick={() => save(`${label}.json`, written(value), "application/json")}>
        Download
      </Button>
    </div>
  );
}

function Line({ line, onFold }: { line: JsonLine; onFold: () => void }) {
  const comma = line.isLast || (line.kind === "open" && line.isOpen) ? "" : ",";
  const name = line.name === null ? null : <span className="j-key">{JSON.stringify(line.name)}: </span>;
  if (line.kind === "close") return <>{line.bracket + comma}</>;
  if (line.kind !== "open")
    return (
      <>
        {name}
        <span className={`j-${line.kind}`}>{line.text}</span>
        {comma}
      </>
    );
  const end = line.bracket === "[" ? "]" : "}";
  return (
    <>
      {line.size > 0 && (
        <button type="button" className="fold" tabIndex={-1} aria-label={line.isOpen ? "Fold" : "Unfold"} onClick={onFold}>
          {line.isOpen ? <OpenIcon size={12} /> : <FoldedIcon size={12} />}
        </button>
      )}
      {name}
      {line.isOpen ? (
        line.bracket
      ) : (
        <>
          {line.bracket}
          {line.size > 0 && (
            <button type="button" className="link" onClick={onFold}>
              {line.size.toLocaleString()} …
            </button>
          )}
          {end + comma}
        </>
      )}
    </>
  );
}
