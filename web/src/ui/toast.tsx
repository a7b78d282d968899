// What happened to what one just did, in a corner, for some seconds.
import { useSyncExternalStore } from "react";
import { Problem } from "../api/client";

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

let toasts: Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();

function change(now: Toast[]): void {
  toasts = now;
  for (const watcher of watchers) watcher();
}

export function toast(text: string, isBad = false): void {
  const made = { id: next++, text, isBad };
  change([...toasts.slice(-3), made]);
  setTimeout(() => change(toasts.filter((each) => each !== made)), isBad ? 9_000 : 4_000);
}

/** Does it, and says how it went. Returns its answer, undefined when it was refused. */
export async function attempt<T>(doing: Promise<T>, done: string): Promise<T | undefined> {
  try {
    const answer = await doing;
    toast(done);
    return answer;
  } catch (error) {
    toast(error instanceof Problem ? error.message : String(error), true);
    return undefined;
  }
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((each) => (
        <div key={each.id} className={each.isBad ? "toast bad" : "toast"}>
          {each.text}
        </div>
      ))}
    </div>
  );
}
