// What the browser's tab says: what is on the page, from the closest to the farthest.
import { useEffect } from "react";

const NAME = "Mainspring";

/** "fulfil · failed · Mainspring", as long as the component is on the page. */
export function useTitle(...parts: (string | null | undefined)[]): void {
  const title = [...parts.filter(Boolean), NAME].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
