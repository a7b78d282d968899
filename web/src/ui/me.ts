// Who sits here, as they call themselves: kept in the browser, sent along as `by`.
import { useState } from "react";

const PLACE = "mainspring.name";

export const whoIs = (): string => localStorage.getItem(PLACE) ?? "";

export function keepWho(name: string): void {
  localStorage.setItem(PLACE, name.trim());
}

/** `by` of a request's body; nothing where nobody said who they are. */
export const by = (): { by?: string } => (whoIs() ? { by: whoIs() } : {});

/** The name, and how to change it. */
export function useWho(first = ""): [string, (name: string) => void] {
  const [name, setName] = useState(() => whoIs() || first);
  return [
    name,
    (said) => {
      setName(said);
      keepWho(said);
    },
  ];
}
