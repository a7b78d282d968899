// Everything that happened to the run, in its order: what is written in the same transaction as the fact.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { local } from "../../ui/format";
import { Skeleton } from "../../ui/said";
import { useGrowing } from "./growing";

const ROW = 26;

export function History({ runId, beat }: { runId: string; beat: number }) {
  const { lines, isRead } = useGrowing("/api/v1/runs/{id}/history", { id: runId }, beat);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  if (!isRead) return <Skeleton />;
  return (
    <div className="log-lines history" ref={scroller} tabIndex={0} aria-label="Events of the run">
      <div style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div key={item.key} ref={virtual.measureElement} data-index={item.index} className="line" style={{ transform: `translateY(${item.start}px)` }}>
              <time dateTime={line.at}>{local(Date.parse(line.at))}</time>
              <span className="kind">{line.kind.replaceAll("_", " ").toLowerCase()}</span>
              <span className="of">{line.task ?? ""}</span>
              <span className="message">
                {line.attempt !== null && line.attempt > 1 ? `attempt ${line.attempt} ` : ""}
                {line.data ? <em>{JSON.stringify(line.data)}</em> : ""}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
