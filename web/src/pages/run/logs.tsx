// The log of a run, or of one of its tasks: filtered as one types, at the end while it grows.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Button } from "../../ui/button";
import { save } from "../../ui/download";
import { count, local } from "../../ui/format";
import { Skeleton } from "../../ui/said";
import { type LogLine, useLog } from "./lines";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"];
const ROW = 24;

export function Logs({ runId, task, isOver }: { runId: string; task?: string; isOver: boolean }) {
  const [level, setLevel] = useState("");
  const [text, setText] = useState("");
  const asked = useDeferredValue(text.trim().toLowerCase());
  const { lines, isRead, isCut } = useLog(runId, isOver);
  const [follows, setFollows] = useState(!isOver);
  const shown = useMemo(() => {
    const least = LEVELS.indexOf(level);
    return lines.filter(
      (line) =>
        (!task || line.task === task) && LEVELS.indexOf(line.level) >= least && (!asked || line.message.toLowerCase().includes(asked)),
    );
  }, [lines, task, level, asked]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const toEnd = () => virtual.scrollToIndex(shown.length - 1, { align: "end" });
  useEffect(() => {
    if (follows && shown.length) toEnd();
  }, [follows, shown.length]);
  const download = () => save(`${task ?? runId}.log`, shown.map(written).join("\n"));
  return (
    <section className="logs" aria-label="Logs">
      <div className="log-tools">
        <select value={level} onChange={(event) => setLevel(event.target.value)} aria-label="Level">
          <option value="">all levels</option>
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {each.toLowerCase()} and above
            </option>
          ))}
        </select>
        <input type="search" value={text} onChange={(event) => setText(event.target.value)} placeholder="Search the lines" aria-label="Search the lines" />
        <span className="faint" role="status">
          {count(shown.length, "line")}
          {!isRead && lines.length > 0 ? ", reading on" : ""}
          {isCut ? ": the first of more; the API has all" : ""}
        </span>
        <span className="ends">
          {!isOver && (
            <Button kind="quiet" aria-pressed={follows} onClick={() => setFollows(!follows)}>
              {follows ? "Following" : "Follow"}
            </Button>
          )}
          <Button kind="quiet" disabled={!shown.length} onClick={toEnd}>
            To the end
          </Button>
          <Button kind="quiet" disabled={!shown.length} onClick={download}>
            Download
          </Button>
        </span>
      </div>
      {!isRead && lines.length === 0 ? (
        <Skeleton rows={5} />
      ) : shown.length === 0 ? (
        <p className="faint pad">
          {lines.length > 0 ? (
            "No line fits."
          ) : (
            <>
              No lines. <code>io.logger.info(...)</code>, <code>logging</code> and <code>print()</code> in a run appear here.
            </>
          )}
        </p>
      ) : (
        <div className="log-lines" ref={scroller} tabIndex={0} role="group" aria-label="Log lines" onWheel={(event) => event.deltaY < 0 && setFollows(false)}>
          <div style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = shown[item.index];
              return line ? (
                <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={`line ${line.level.toLowerCase()}`} style={{ transform: `translateY(${item.start}px)` }}>
                  <Line line={line} hasTask={!task} />
                </div>
              ) : null;
            })}
          </div>
        </div>
      )}
    </section>
  );
}

function Line({ line, hasTask }: { line: LogLine; hasTask: boolean }) {
  return (
    <>
      <time dateTime={line.at}>{local(Date.parse(line.at))}</time>
      <span className="level">{line.level.toLowerCase()}</span>
      {hasTask && <span className="of">{line.task ?? ""}</span>}
      <span className="message">
        {line.message}
        {line.fields && Object.keys(line.fields).length > 0 && <em> {JSON.stringify(line.fields)}</em>}
      </span>
    </>
  );
}

function written(line: LogLine): string {
  const fields = line.fields && Object.keys(line.fields).length > 0 ? ` ${JSON.stringify(line.fields)}` : "";
  return `${line.at} ${line.level} ${line.task ? `[${line.task}] ` : ""}${line.message}${fields}`;
}
