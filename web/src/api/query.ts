// What was read, kept by its address: pages that are gone back to show at once what they showed, then what is new.
import { useCallback, useEffect, useRef, useSyncExternalStore } from "react";
import { address, get, type GetAnswer, type GetPath, type Params, Problem } from "./client";

interface Entry {
  data: unknown;
  problem: Problem | null;
  isLoading: boolean;
  readAt: number;
  listeners: Set<() => void>;
  reading: AbortController | null;
}

export interface Read<T> {
  data: T | undefined;
  problem: Problem | null;
  isLoading: boolean;
  reload: () => void;
}

const MAX_ENTRIES = 200;
const RETRY_MS = 3_000;
const entries = new Map<string, Entry>();

function entryOf(key: string): Entry {
  let entry = entries.get(key);
  if (!entry) {
    entry = { data: undefined, problem: null, isLoading: false, readAt: 0, listeners: new Set(), reading: null };
    entries.set(key, entry);
    forgetOldest();
  }
  return entry;
}

function forgetOldest(): void {
  for (const [key, entry] of entries) {
    if (entries.size <= MAX_ENTRIES) return;
    if (entry.listeners.size === 0) entries.delete(key);
  }
}

function tell(entry: Entry): void {
  for (const listener of entry.listeners) listener();
}

async function load(key: string, path: GetPath, params: Params | undefined): Promise<void> {
  const entry = entryOf(key);
  entry.reading?.abort();
  const reading = new AbortController();
  entry.reading = reading;
  entry.isLoading = true;
  tell(entry);
  try {
    entry.data = await get(path, params, reading.signal);
    entry.problem = null;
  } catch (error) {
    if (reading.signal.aborted) return;
    entry.problem = error instanceof Problem ? error : new Problem(0, "unknown", String(error));
    if (entry.problem.status === 0 || entry.problem.status >= 500) retryLater(key, path, params);
  }
  entry.reading = null;
  entry.isLoading = false;
  entry.readAt = Date.now();
  tell(entry);
}

function retryLater(key: string, path: GetPath, params: Params | undefined): void {
  setTimeout(() => {
    if (entries.get(key)?.listeners.size) void load(key, path, params);
  }, RETRY_MS);
}

/** Reads `path`, null: nothing yet. `every`: again so often (ms) while the tab is looked at. */
export function useRead<Path extends GetPath>(
  path: Path | null,
  params?: Params,
  { every = 0 }: { every?: number } = {},
): Read<GetAnswer<Path>> {
  const key = path === null ? "" : address(path, params);
  const said = useRef(params);
  said.current = params;
  const subscribe = useCallback(
    (listener: () => void) => {
      if (!key) return () => {};
      const entry = entryOf(key);
      entry.listeners.add(listener);
      return () => {
        entry.listeners.delete(listener);
      };
    },
    [key],
  );
  const version = useSyncExternalStore(subscribe, () => {
    const entry = entries.get(key);
    return entry ? `${entry.readAt}/${entry.isLoading}` : "";
  });
  const reload = useCallback(() => {
    if (path !== null) void load(key, path, said.current);
  }, [key, path]);
  useEffect(reload, [reload]);
  useEffect(() => {
    if (!every || !key) return;
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, every);
    return () => clearInterval(timer);
  }, [every, key, reload]);
  void version;
  const entry = entries.get(key);
  return {
    data: entry?.data as GetAnswer<Path> | undefined,
    problem: entry?.problem ?? null,
    isLoading: entry?.isLoading ?? Boolean(key),
    reload,
  };
}

/** Reads again what begins with `prefix` and is shown: after a change, and when news came. */
export function refresh(prefix: string): void {
  for (const [key, entry] of entries) {
    if (!key.startsWith(prefix)) continue;
    if (entry.listeners.size === 0) entries.delete(key);
    else {
      const [path, query] = key.split("?");
      void load(key, path as GetPath, Object.fromEntries(new URLSearchParams(query)));
    }
  }
}
