// Times on the page. One clock ticks for all of them; one choice says how they are written.
import { useSyncExternalStore } from "react";
import { local, relative, span, utc } from "./format";

const listeners = new Set<() => void>();
let now = Date.now();
let timer = 0;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    now = Date.now();
    timer = window.setInterval(() => {
      if (document.hidden) return;
      now = Date.now();
      for (const each of listeners) each();
    }, 1_000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** The time in ms, anew every second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

export type TimeStyle = "relative" | "local" | "utc";
const STYLES: TimeStyle[] = ["relative", "local", "utc"];
const PLACE = "mainspring.times";
let style = (localStorage.getItem(PLACE) as TimeStyle | null) ?? "relative";
const watchers = new Set<() => void>();

export const nextTimeStyle = (): void => setTimeStyle(STYLES[(STYLES.indexOf(style) + 1) % STYLES.length] ?? "relative");

export function setTimeStyle(now: TimeStyle): void {
  style = now;
  localStorage.setItem(PLACE, style);
  for (const watcher of watchers) watcher();
}

export const useTimeStyle = (): TimeStyle =>
  useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => style,
  );

/** An instant of the API; the other ways to write it on hover. */
export function At({ at, otherwise = "–" }: { at: string | null | undefined; otherwise?: string }) {
  const current = useNow();
  const chosen = useTimeStyle();
  if (!at) return <span className="faint">{otherwise}</span>;
  const instant = Date.parse(at);
  const said = chosen === "relative" ? relative(instant, current) : chosen === "local" ? local(instant) : utc(instant);
  const hint = chosen === "relative" ? `${local(instant, 0)} (${utc(instant)})` : relative(instant, current);
  return (
    <time dateTime={at} title={hint}>
      {said}
    </time>
  );
}

/** Since when, in a sentence: for how long, or the instant. */
export function Since({ at }: { at: string }) {
  const current = useNow();
  const isRelative = useTimeStyle() === "relative";
  if (!isRelative) return <>since <At at={at} /></>;
  return (
    <time dateTime={at} title={local(Date.parse(at), 0)}>
      for {span(Math.max(0, current - Date.parse(at)))}
    </time>
  );
}

/** Until when, in a sentence: what is left, and the instant where instants are shown. */
export function Until({ at }: { at: string }) {
  const left = Date.parse(at) - useNow();
  const isRelative = useTimeStyle() === "relative";
  const words = left > 0 ? `${span(left)} left` : "due";
  if (!isRelative) return <>until <At at={at} /> <span className="count">({words})</span></>;
  return (
    <time dateTime={at} title={local(Date.parse(at), 0)}>
      {words}
    </time>
  );
}

/** How long from one instant to another, or until now. */
export function Lasting({ from, until }: { from: string | null; until: string | null }) {
  const current = useNow();
  if (!from) return <span className="faint">–</span>;
  const end = until ? Date.parse(until) : Math.max(current, Date.parse(from));
  return <span className={until ? undefined : "going"}>{span(end - Date.parse(from))}</span>;
}
