// The keys that do something, while nobody types. Each page says its own; the sheet lists those that count now.
import { useEffect, useRef } from "react";

export interface Key {
  /** `j`, `Escape`, `C` (with shift), or `g o`: one after the other. */
  press: string;
  does: string;
  act: () => void;
}

const layers: { keys: Key[] }[] = [];
const PAIR_MS = 900;
let first = "";
let firstAt = 0;

export function keysNow(): Key[] {
  const seen = new Set<string>();
  return [...layers]
    .reverse()
    .flatMap((layer) => layer.keys)
    .filter((key) => !seen.has(key.press) && seen.add(key.press));
}

/** These keys, while the component is on the page. */
export function useKeys(keys: Key[]): void {
  const layer = useRef({ keys });
  layer.current.keys = keys;
  useEffect(() => {
    const mine = layer.current;
    layers.push(mine);
    return () => {
      layers.splice(layers.indexOf(mine), 1);
    };
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  if (document.querySelector("[role=dialog]") && event.key !== "Escape") return;
  const pair = Date.now() - firstAt < PAIR_MS ? `${first} ${event.key}` : event.key;
  const known = keysNow();
  const key = known.find((each) => each.press === pair) ?? known.find((each) => each.press === event.key);
  first = event.key;
  firstAt = Date.now();
  const isOnControl = event.target instanceof HTMLElement && event.target.closest("button, a, summary");
  if (!key || (isOnControl && (event.key === "Enter" || event.key === " "))) return;
  event.preventDefault();
  key.act();
}

export function listenForKeys(): void {
  window.addEventListener("keydown", pressed);
}
