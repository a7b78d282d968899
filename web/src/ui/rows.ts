// How high the rows of all tables are: 36 px, or 28 for more of them at once. Kept in the browser.
import { useSyncExternalStore } from "react";

export type Rows = "comfortable" | "compact";
const PLACE = "mainspring.rows";
const watchers = new Set<() => void>();
let rows: Rows = localStorage.getItem(PLACE) === "compact" ? "compact" : "comfortable";

export function showRows(): void {
  document.documentElement.dataset.rows = rows;
}

export function setRows(now: Rows): void {
  rows = now;
  localStorage.setItem(PLACE, rows);
  showRows();
  for (const watcher of watchers) watcher();
}

export const useRows = (): Rows =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => rows,
  );
