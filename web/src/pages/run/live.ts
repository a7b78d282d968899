// One run as it goes: read once, then kept up by its stream, which tells the spans that change. However many tasks a
// run has, its trace is not read again.
import { useEffect, useRef, useState } from "react";
import { get, Problem, type Shape } from "../../api/client";
import { listen, type Message } from "../../live/stream";
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

const NOTHING = { run: undefined, spans: [], problem: null, beat: 0 };
/** Of all that happens these alone change nothing of the run beside its spans. */
const OF_TASKS = new Set(["TASK_STARTED", "TASK_COMPLETED", "TASK_KEPT", "TASK_HELD", "TASK_RETRIED"]);
const READ_PAUSE_MS = 300;
const RETRY_MS = 3_000;
/** Longer traces are drawn less often than each frame. */
const LONG = 3_000;
const LONG_PAUSE_MS = 200;

export function useRun(id: string): LiveRun {
  const [shown, show] = useState<Omit<LiveRun, "reload">>(NOTHING);
  const feed = useRef<Feed | null>(null);
  useEffect(() => {
    show(NOTHING);
    const mine = new Feed(id, show);
    feed.current = mine;
    void mine.begin();
    return () => mine.stop();
  }, [id]);
  return { ...shown, reload: () => void feed.current?.begin() };
}

class Feed {
  private run: Run | undefined;
  private spans = new Map<string, Span>();
  private beat = 0;
  private drawing = 0;
  private reading = 0;
  private isOver = false;
  private leave = () => {};

  constructor(
    private readonly id: string,
    private readonly show: (shown: Omit<LiveRun, "reload">) => void,
  ) {}

  /** Reads all of it, and listens from there on. */
  async begin(): Promise<void> {
    this.leave();
    const { id } = this;
    try {
      const [run, trace] = await Promise.all([get("/api/v1/runs/{id}", { id }), get("/api/v1/runs/{id}/trace", { id })]);
      if (this.isOver) return;
      this.run = run;
      this.spans = new Map(trace.data.map((span) => [span.id, span]));
      this.draw();
      if (run.finished_at) return;
      const url = `/api/v1/runs/${encodeURIComponent(id)}/stream?spans=true`;
      this.leave = listen(url, (messages) => this.hear(messages), String(trace.sequence), () => void this.finish());
    } catch (error) {
      this.refuse(error, () => void this.begin());
    }
  }

  stop(): void {
    this.isOver = true;
    this.leave();
    clearTimeout(this.drawing);
    cancelAnimationFrame(this.drawing);
    clearTimeout(this.reading);
  }

  private hear(messages: Message[]): void {
    for (const { event, data } of messages) {
      if (event === "spans") for (const span of JSON.parse(data) as Span[]) this.spans.set(span.id, span);
      else if (event === "run" && this.run) this.patch(JSON.parse(data) as Partial<Run>);
      else if (event === "entry") {
        this.beat++;
        if (!OF_TASKS.has((JSON.parse(data) as { kind: string }).kind)) this.readSoon();
      }
    }
    this.drawSoon();
  }

  private patch(now: Partial<Run>): void {
    if (!this.run) return;
    if (now.status !== this.run.status) this.readSoon();
    this.run = { ...this.run, ...now };
  }

  /** The run alone: what it waits for, its error, its output. Large ones are not read at every turn. */
  private readSoon(): void {
    this.reading ||= window.setTimeout(async () => {
      try {
        this.run = await get("/api/v1/runs/{id}", { id: this.id });
        this.beat++;
        this.drawSoon();
      } catch (error) {
        this.refuse(error, () => this.readSoon());
      } finally {
        this.reading = 0;
      }
    }, READ_PAUSE_MS);
  }

  /** What a run's end takes with it (tasks that were under way) is told by no line of its own. */
  private async finish(): Promise<void> {
    const isOpen = [...this.spans.values()].some((span) => !span.finished_at);
    if (isOpen) await this.begin();
    else this.readSoon();
  }

  private refuse(error: unknown, again: () => void): void {
    if (this.isOver) return;
    const problem = error instanceof Problem ? error : new Problem(0, "unknown", String(error));
    this.show({ run: this.run, spans: [...this.spans.values()], problem, beat: this.beat });
    if (problem.status === 0 || problem.status >= 500) this.reading = window.setTimeout(again, RETRY_MS);
  }

  private drawSoon(): void {
    if (this.drawing) return;
    const draw = () => this.draw();
    this.drawing = this.spans.size > LONG ? window.setTimeout(draw, LONG_PAUSE_MS) : requestAnimationFrame(draw);
  }

  private draw(): void {
    this.drawing = 0;
    if (this.isOver) return;
    this.show({ run: this.run, spans: [...this.spans.values()], problem: null, beat: this.beat });
  }
}
