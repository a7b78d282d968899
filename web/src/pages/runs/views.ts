// Views of the runs that somebody gave a name: a filter with its columns, kept in this browser. A view is the address
// of the page, so whoever is sent it sees the same.
import { useSyncExternalStore } from "react";

export interface View {
  name: string;
  /** The address behind the `?`: `q=status%3Afailed&columns=...`. */
  search: string;
}

const PLACE = "mainspring.views";
const watchers = new Set<() => void>();

const isView = (each: unknown): each is View =>
  typeof each === "object" && each !== null && typeof (each as View).name === "string" && typeof (each as View).search === "string";

function read(): View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isView) : [];
  } catch {
    return [];
  }
}

let views: View[] = read();

function keep(now: View[]): void {
  views = now;
  localStorage.setItem(PLACE, JSON.stringify(views));
  for (const watcher of watchers) watcher();
}

export const useViews = (): View[] =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => views,
  );

/** Under a name that is there already it takes the other's place. */
export const keepView = (view: View): void =>
  keep([...views.filter((each) => each.name !== view.name), view].sort((a, b) => a.name.localeCompare(b.name)));

export const forgetView = (name: string): void => keep(views.filter((each) => each.name !== name));

/** What of the page's address is a view: not how far one has leafed. */
export function viewOf(search: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const name of ["q", "columns"]) {
    const value = search.get(name);
    if (value) kept.set(name, value);
  }
  return kept.toString();
}
