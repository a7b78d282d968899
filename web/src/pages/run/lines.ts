// The log of a run: all lines there are in one answer, taken in as they come, then those that follow, live.
import { useEffect, useRef, useState } from "react";
import { address, ask, type Shape } from "../../api/client";
import { listen } from "../../live/stream";

export type LogLine = Shape<"LogShape">;

/** What a page can hold; the download has all. */
const MOST_LINES = 200_000;
/** After every line of the history: log lines alone are wanted. */
const AFTER_ALL = "999999999999999999";
const DRAW_MS = 100;

export interface Log {
  lines: readonly LogLine[];
  isRead: boolean;
  /** There are more than are shown. */
  isCut: boolean;
}

export function useLog(runId: string, isOver: boolean): Log {
  const [log, setLog] = useState<Log>({ lines: [], isRead: false, isCut: false });
  const over = useRef(isOver);
  over.current = isOver;
  useEffect(() => {
    const leaving = new AbortController();
    let lines: LogLine[] = [];
    let isRead = false;
    let timer = 0;
    let stop = () => {};
    const draw = () => {
      timer = 0;
      setLog({ lines: lines.slice(), isRead, isCut: lines.length >= MOST_LINES });
    };
    const drawSoon = () => {
      timer ||= window.setTimeout(draw, DRAW_MS);
    };
    const take = (line: LogLine) => {
      if (lines.length < MOST_LINES) lines.push(line);
      drawSoon();
    };
    const begin = async () => {
      await readAll(address("/api/v1/runs/{id}/logs/lines", { id: runId }), leaving.signal, take);
      isRead = true;
      draw();
      if (over.current) return;
      const url = `${address("/api/v1/runs/{id}/stream", { id: runId })}?logs=true`;
      stop = listen(
        url,
        (messages) => {
          for (const { event, data } of messages) if (event === "log") take(JSON.parse(data) as LogLine);
        },
        `${AFTER_ALL}-${lines.at(-1)?.id ?? "0.0"}`,
      );
    };
    const again = () => {
      if (leaving.signal.aborted) return;
      lines = [];
      begin().catch(() => setTimeout(again, 3_000));
    };
    again();
    return () => {
      leaving.abort();
      clearTimeout(timer);
      stop();
    };
  }, [runId]);
  return log;
}

async function readAll(url: string, signal: AbortSignal, take: (line: LogLine) => void): Promise<void> {
  const answer = await ask("GET", url, undefined, signal);
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line) as LogLine);
  }
}
