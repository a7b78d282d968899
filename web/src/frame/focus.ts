// Who goes to another page by a link or a key is there with the focus too, as if the browser had loaded it.
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";

/** The returned function moves the focus to the page: what the skip link does. */
export function usePageFocus(): () => void {
  const [at] = useLocation();
  const before = useRef(at);
  const focus = () => document.getElementById("page")?.focus({ preventScroll: true });
  useEffect(() => {
    if (before.current === at) return;
    before.current = at;
    focus();
  }, [at]);
  return focus;
}
