import { useVirtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { Button } from "../../ui/button";
import { count, local } from "../../ui/format";
import { Skeleton } from "../../ui/said";
import { useGrowing } from "./growing";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"];
const ROW = 24;

export function Logs({ runId, task, beat }: { runId: string; task?: string; beat: number }) {
  const [level, setLevel] = useState("");
  const [text, setText] = useState("");
  const asked = useDeferredValue(text);
  const { lines, isRead, hasMore, more } = useGrowing("/api/v1/runs/{id}/logs", { id: runId, level, text: asked }, beat);
  const shown = useMemo(() => (task ? lines.filter((line) => line.task === task) : lines), [lines, task]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
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
        <input value={text} onChange={(event) => setText(event.target.value)} placeholder="Search the lines" aria-label="Search the lines" />
        <span className="faint">{count(shown.length, "line")}</span>
        {hasMore && <Button onClick={more}>Load more</Button>}
      </div>
      {!isRead ? (
        <Skeleton rows={5} />
      ) : shown.length === 0 ? (
        <p className="faint pad">
          No lines. <code>io.logger.info(...)</code>, <code>logging</code> and <code>print()</code> in a run appear here.
        </p>
      ) : (
        <div className="log-lines" ref={scroller} tabIndex={0} aria-label="Log lines">
          <div style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const line = shown[item.index];
              if (!line) return null;
              return (
                <div key={item.key} ref={virtual.measureElement} data-index={item.index} className={`line ${line.level.toLowerCase()}`} style={{ transform: `translateY(${item.start}px)` }}>
                  <time dateTime={line.at}>{local(Date.parse(line.at))}</time>
                  <span className="level">{line.level.toLowerCase()}</span>
                  {!task && <span className="of">{line.task ?? ""}</span>}
                  <span className="message">
                    {line.message}
                    {line.fields && Object.keys(line.fields).length > 0 && <em> {JSON.stringify(line.fields)}</em>}
                  </span>
                </div>
              );
            })}
          </div>
        </div>
      )}
    </section>
  );
}
