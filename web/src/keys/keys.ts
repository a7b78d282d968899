// The keys that do something, while nobody types. Each page says its own; the sheet lists those that count now.
import { useEffect, useRef } from "react";

export interface Key {
  /** `j`, `Escape`, `C` (with shift), `mod+k` (with ⌘ or Ctrl, also while one types), or `g o`: one after the other. */
  press: string;
  does: string;
  act: () => void;
  /** Whether it counts now; when left out, always. */
  isOn?: () => boolean;
}

const layers: { keys: Key[] }[] = [];
const PAIR_MS = 1_000;
/** Only these go on while they are held down. */
const REPEATED = new Set(["j", "k", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "+", "-"]);
let first = "";
let firstAt = 0;

export function keysNow(): Key[] {
  const seen = new Set<string>();
  return [...layers]
    .reverse()
    .flatMap((layer) => layer.keys)
    .filter((key) => !seen.has(key.press) && (key.isOn?.() ?? true) && seen.add(key.press));
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
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target.isContentEditable || ["TEXTAREA", "SELECT"].includes(target.tagName);
}

const hasDialog = (): boolean => document.querySelector("dialog[open], [popover]:popover-open") !== null;

/** The key as it is written in `press`: a letter is large with shift, whatever caps lock does. */
function written(event: KeyboardEvent): string {
  if (event.key.length !== 1) return event.key;
  return event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const said = written(event);
  if (event.ctrlKey || event.metaKey) {
    if (event.key === "Enter") submit(event);
    if (!event.altKey && !event.shiftKey && !hasDialog()) act(event, keysNow(), `mod+${said}`);
    return;
  }
  if (isTyping(event.target)) {
    if (event.key === "Escape" && !hasDialog()) (event.target as HTMLElement).blur();
    return;
  }
  if (hasDialog() || event.altKey) return;
  const keys = keysNow();
  const begun = performance.now() - firstAt < PAIR_MS ? first : "";
  const isPair = keys.some((key) => key.press.startsWith(`${begun} `));
  first = isPair ? "" : said;
  firstAt = performance.now();
  const isOnControl = event.target instanceof HTMLElement && event.target.closest("button, a, summary");
  if (isOnControl && (event.key === "Enter" || event.key === " ")) return;
  // What follows a `g` is the end of a pair or nothing: never a key of its own.
  act(event, keys, isPair ? `${begun} ${said}` : said);
}

/** ⌘↵ sends the form that one is in, from any of its fields. */
function submit(event: KeyboardEvent): void {
  const form = event.target instanceof HTMLElement ? event.target.closest("form") : null;
  const button = form?.querySelector<HTMLButtonElement>("button[type=submit]");
  if (!form || !button || button.disabled) return;
  event.preventDefault();
  form.requestSubmit(button);
}

function act(event: KeyboardEvent, keys: Key[], press: string): void {
  const key = keys.find((each) => each.press === press);
  if (!key) return;
  event.preventDefault();
  if (!event.repeat || REPEATED.has(press)) key.act();
}

export function listenForKeys(): void {
  window.addEventListener("keydown", pressed);
}
