// Where one was on a page is kept with the entry of the browser's history: going back shows the same rows again.
import { type RefObject, useEffect } from "react";

const places = new Map<string, number>();
const MOST = 100;
let isBack = false;

// Before the router hears of it: it draws the page at once.
window.addEventListener("popstate", () => (isBack = true), { capture: true });
// Its own event, for what is gone to and not back.
window.addEventListener("pushState", () => (isBack = false), { capture: true });

/** Keeps how far `ref` is scrolled under its address; takes it up again when one comes back to it. */
export function useScrollKept(ref: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const key = location.pathname + location.search;
    const wanted = isBack ? (places.get(key) ?? 0) : 0;
    isBack = false;
    const keep = () => {
      places.delete(key);
      places.set(key, box.scrollTop);
      const oldest = places.keys().next().value;
      if (places.size > MOST && oldest !== undefined) places.delete(oldest);
    };
    box.addEventListener("scroll", keep, { passive: true });
    const stop = wanted ? scrollWhenTall(box, wanted) : () => {};
    return () => {
      box.removeEventListener("scroll", keep);
      stop();
    };
  }, [ref]);
}

/** The rows may still be on their way: as soon as there are enough, and never against the person's own hand. */
function scrollWhenTall(box: HTMLElement, wanted: number): () => void {
  const look = () => {
    if (box.scrollHeight - box.clientHeight < wanted) return;
    box.scrollTop = wanted;
    stop();
  };
  const grown = new MutationObserver(look);
  const stop = () => {
    grown.disconnect();
    box.removeEventListener("wheel", stop);
    box.removeEventListener("pointerdown", stop);
  };
  grown.observe(box, { childList: true, subtree: true });
  box.addEventListener("wheel", stop, { passive: true });
  box.addEventListener("pointerdown", stop);
  look();
  return stop;
}
