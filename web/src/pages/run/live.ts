// One run as it goes: itself, its spans and its log lines, kept up by its stream.
import { useCallback, useEffect, useRef, useState } from "react";
import { get, Problem, type Shape } from "../../api/client";
import { listen } from "../../live/stream";
import type { Span } from "../../trace/spans";

export type Run = Shape<"RunShape">;
export type Task = Shape<"TaskShape">;

export interface LiveRun {
  run: Run | undefined;
  spans: Span[];
  problem: Problem | null;
  /** Grows with everything that happened. */
  beat: number;
  reload: () => void;
}

const BEAT_MS = 250;
/** A run of many spans is read again less often. */
const BEAT_MS_PER_SPAN = 0.2;

export function useRun(id: string): LiveRun {
  const [run, setRun] = useState<Run>();
  const [spans, setSpans] = useState<Span[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [beat, setBeat] = useState(0);
  const size = useRef(0);
  size.current = spans.length;

  const read = useCallback(async () => {
    try {
      const [shown, trace] = await Promise.all([
        get("/api/v1/runs/{id}", { id }),
        get("/api/v1/runs/{id}/trace", { id }),
      ]);
      setRun(shown);
      setSpans(trace.data);
      setProblem(null);
      setBeat((was) => was + 1);
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(0, "unknown", String(error)));
    }
  }, [id]);

  useEffect(() => {
    setRun(undefined);
    setSpans([]);
    void read();
    let timer = 0;
    const soon = () => {
      timer ||= window.setTimeout(
        () => {
          timer = 0;
          void read();
        },
        BEAT_MS + size.current * BEAT_MS_PER_SPAN,
      );
    };
    const stop = listen(`/api/v1/runs/${encodeURIComponent(id)}/stream`, soon);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [id, read]);

  return { run, spans, problem, beat, reload: () => void read() };
}
