// A page of runs that keeps up: what is shown changes in place, what is new waits behind a count until it is asked for.
import { useCallback, useEffect, useRef, useState } from "react";
import { get, type Params, Problem, type Shape } from "../../api/client";
import { onRuns } from "../../live/environment";

export type Run = Shape<"RunShape">;

export interface RunsPageState {
  runs: Run[] | undefined;
  next: string | null;
  /** Runs made since then were looked at; null: all there are. */
  lookedBackTo: string | null;
  /** Runs passed over since nobody here can read their payloads. */
  encrypted: number;
  problem: Problem | null;
  fresh: number;
  showFresh: () => void;
  reload: () => void;
}

const PAGE = 50;
const CHANGED_AT_MOST = 12;

const NOTHING_LEFT_OUT = { lookedBackTo: null as string | null, encrypted: 0 };

/** The runs of a filter, from `cursor` on, `without` large fields that no column shows. `isAtTop`: new ones may come
 * in by themselves. */
export function useRuns(params: Params, cursor: string | null, without: string, isAtTop: () => boolean): RunsPageState {
  const key = JSON.stringify([params, cursor, without]);
  const latest = useRef(key);
  latest.current = key;
  const [runs, setRuns] = useState<Run[] | undefined>();
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [held, hold] = useState<Run[]>([]);
  const [said, say] = useState(NOTHING_LEFT_OUT);
  const shown = useRef<Run[]>([]);
  shown.current = runs ?? [];

  const load = useCallback(async () => {
    try {
      const page = await get("/api/v1/runs", { ...params, cursor, without, limit: PAGE });
      if (latest.current !== key) return; // another filter was asked for meanwhile
      setRuns(page.data);
      say({ lookedBackTo: page.looked_back_to ?? null, encrypted: page.encrypted ?? 0 });
      setNext(page.next_cursor ?? null);
      setProblem(null);
      hold([]);
    } catch (error) {
      if (latest.current === key) setProblem(error as Problem);
    }
    // The key stands for what `params` holds.
  }, [key]);

  useEffect(() => {
    setRuns(undefined);
    void load();
  }, [load]);

  useEffect(
    () =>
      onRuns(async (changed) => {
        const known = new Set(shown.current.map((run) => run.id));
        const mine = [...changed].filter((id) => known.has(id));
        const hasNew = cursor === null && [...changed].some((id) => !known.has(id));
        try {
          const [first, each] = await Promise.all([
            hasNew || mine.length > CHANGED_AT_MOST ? get("/api/v1/runs", { ...params, cursor, without, limit: PAGE }) : null,
            mine.length <= CHANGED_AT_MOST
              ? Promise.all(mine.map((id) => get("/api/v1/runs/{id}", { id, without })))
              : ([] as Run[]),
          ]);
          const changes = new Map([...(first?.data ?? []), ...each].map((run) => [run.id, run]));
          const isFree = isAtTop();
          // Against what is shown by then: the page may have been read while we asked.
          setRuns((was) => {
            const had = new Set((was ?? []).map((run) => run.id));
            const added = isFree ? (first?.data ?? []).filter((run) => !had.has(run.id)) : [];
            return was && [...added, ...was.map((run) => changes.get(run.id) ?? run)].slice(0, PAGE);
          });
          const had = new Set(shown.current.map((run) => run.id));
          hold(isFree ? [] : (first?.data ?? []).filter((run) => !had.has(run.id)));
        } catch {
          // The connection's own dot tells; the next news ask again.
        }
      }),
    [key],
  );

  return { runs, next, ...said, problem, fresh: held.length, showFresh: () => void load(), reload: () => void load() };
}
