// The lines that fit, newest first: older ones are read on at the end, new ones come on top while the page is live.
import { useCallback, useEffect, useRef, useState } from "react";
import { get, type Params, Problem, type Shape } from "../../api/client";
import { onRuns } from "../../live/environment";

export type Line = Shape<"LineShape">;

/** Its own among those of all runs. */
export const idOf = (line: Line): string => `${line.run_id}/${line.id}`;

interface Found {
  key: string;
  lines: Line[];
  next: string | null;
  /** Little was found among many lines: to look further back is for the reader to ask, not for scrolling. */
  isSparse: boolean;
  problem: Problem | null;
  isRead: boolean;
}

const PAGE = 100;
/** Workers send lines a little after what they are about: one more look finds those. */
const LATE_MS = 1_500;
const RETRY_MS = 3_000;
const PATH = "/api/v1/logs";

const nothing = (key: string): Found => ({ key, lines: [], next: null, isSparse: false, problem: null, isRead: false });

export function useLines(params: Params, isLive: boolean) {
  const key = JSON.stringify(params);
  const [found, setFound] = useState(() => nothing(key));
  const [isReadingOn, setReadingOn] = useState(false);
  const said = useRef(params);
  said.current = params;
  const reading = useRef<AbortController | null>(null);

  const readNewest = useCallback(async () => {
    reading.current?.abort();
    const mine = new AbortController();
    reading.current = mine;
    try {
      const page = await get(PATH, { ...said.current, limit: PAGE }, mine.signal);
      if (!mine.signal.aborted) setFound((was) => onTop(was, key, page.data, page.next_cursor ?? null));
    } catch (error) {
      if (!mine.signal.aborted) setFound((was) => ({ ...(was.key === key ? was : nothing(key)), problem: problemOf(error) }));
    }
  }, [key]);

  const readOn = useCallback(
    async (cursor: string) => {
      setReadingOn(true);
      try {
        const page = await get(PATH, { ...said.current, cursor, limit: PAGE });
        // Where another page was put in its place meanwhile, this one does not follow on it.
        setFound((was) => (was.key !== key || was.next !== cursor ? was : { ...was, lines: without(was.lines, page.data).concat(page.data), next: page.next_cursor ?? null, isSparse: page.data.length < PAGE, problem: null }));
      } catch (error) {
        setFound((was) => (was.key === key ? { ...was, problem: problemOf(error) } : was));
      }
      setReadingOn(false);
    },
    [key],
  );

  useEffect(() => {
    void readNewest();
    return () => reading.current?.abort();
  }, [readNewest]);

  const isFailing = found.key === key && found.problem !== null && (found.problem.status === 0 || found.problem.status >= 500);
  useEffect(() => {
    if (!isFailing) return;
    const timer = setInterval(() => void readNewest(), RETRY_MS);
    return () => clearInterval(timer);
  }, [isFailing, readNewest]);

  useEffect(() => {
    if (!isLive) return;
    let late = 0;
    const stop = onRuns(() => {
      clearTimeout(late);
      late = window.setTimeout(() => void readNewest(), LATE_MS);
      void readNewest();
    });
    return () => {
      clearTimeout(late);
      stop();
    };
  }, [isLive, readNewest]);

  const shown = found.key === key ? found : nothing(key);
  return { ...shown, isReadingOn, readOn, reload: () => void readNewest() };
}

/** The newest page over those that were there; alone, where more came in between than a page holds. */
function onTop(was: Found, key: string, page: Line[], next: string | null): Found {
  const older = was.key === key && was.isRead ? without(was.lines, page) : [];
  const isJoined = older.length > 0 && (older.length < was.lines.length || next === null);
  if (!isJoined) return { key, lines: page, next, isSparse: page.length < PAGE, problem: null, isRead: true };
  return { key, lines: page.concat(older), next: was.next, isSparse: was.isSparse, problem: null, isRead: true };
}

function without(lines: Line[], gone: Line[]): Line[] {
  const ids = new Set(gone.map(idOf));
  return lines.filter((line) => !ids.has(idOf(line)));
}

const problemOf = (error: unknown): Problem => (error instanceof Problem ? error : new Problem(0, "unknown", String(error)));
