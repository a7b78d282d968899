// What a page is of: the last part of its address, as it was before it was written into it.
import { useLocation } from "wouter";

/** The router gives parts that are decoded by halves, so that a `%` in a name breaks them: this reads the address. */
export function useLastPart(): string {
  useLocation();
  const part = location.pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
