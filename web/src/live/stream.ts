// Server-sent events over fetch: a header can be sent with it, and it goes on after the last id that was heard. Tabs
// that nobody looks at let go, and take up where they were.
import { ask, Problem } from "../api/client";

export interface Message {
  event: string;
  id: string;
  data: string;
}

/** Cuts what comes off the wire into messages; the rest of an unfinished one waits for more. */
export class Cutter {
  private rest = "";

  cut(text: string): Message[] {
    this.rest += text;
    const blocks = this.rest.split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => messageOf(block));
  }
}

function messageOf(block: string): Message[] {
  const message: Message = { event: "message", id: "", data: "" };
  let isComment = true;
  for (const line of block.split("\n")) {
    if (line.startsWith(":")) continue;
    isComment = false;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") message.event = value;
    else if (field === "id") message.id = value;
    else if (field === "data") message.data += message.data ? `\n${value}` : value;
  }
  return isComment ? [] : [message];
}

export type Connection = "connecting" | "live" | "lost" | "paused";

let connection: Connection = "connecting";
let heardAt = Date.now();
const watchers = new Set<() => void>();

export function watchConnection(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export const connectionNow = (): Connection => connection;
export const lastHeard = (): number => heardAt;

function say(now: Connection): void {
  if (now === "live") heardAt = Date.now();
  if (now === connection) return;
  connection = now;
  for (const watcher of watchers) watcher();
}

const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/** Hears `url` until the returned function is called. `hear` is given what came in one piece. `from`: the id after
 * which it begins. `onEnd`: nothing follows, or the server refuses. */
export function listen(url: string, hear: (messages: Message[]) => void, from = "", onEnd?: () => void): () => void {
  const stopped = new AbortController();
  void (async () => {
    let last = from;
    let pause = FIRST_PAUSE_MS;
    while (!stopped.signal.aborted) {
      await visible(stopped.signal);
      const heard = await once(url, last, stopped.signal, (messages) => {
        pause = FIRST_PAUSE_MS;
        for (const message of messages) if (message.id) last = message.id;
        hear(messages);
      });
      if (stopped.signal.aborted) return;
      if (heard === "ended") return onEnd?.();
      if (!document.hidden) {
        say("lost");
        await new Promise((done) => setTimeout(done, pause * (0.5 + Math.random())));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  })();
  return () => stopped.abort();
}

async function once(
  url: string,
  last: string,
  stop: AbortSignal,
  hear: (messages: Message[]) => void,
): Promise<"ended" | "broken"> {
  const round = new AbortController();
  const leave = () => round.abort();
  const hide = () => {
    if (document.hidden) {
      say("paused");
      leave();
    }
  };
  stop.addEventListener("abort", leave);
  document.addEventListener("visibilitychange", hide);
  let silence = setTimeout(leave, SILENCE_MS);
  try {
    const place = last ? `${url.includes("?") ? "&" : "?"}last_event_id=${encodeURIComponent(last)}` : "";
    const answer = await ask("GET", url + place, undefined, round.signal);
    if (answer.status === 204 || !answer.body) return "ended";
    say("live");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const cutter = new Cutter();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "broken";
      clearTimeout(silence);
      silence = setTimeout(leave, SILENCE_MS);
      heardAt = Date.now();
      const messages = cutter.cut(value);
      if (messages.length) hear(messages);
      if (messages.some((message) => message.event === "end")) return "ended";
    }
  } catch (error) {
    return error instanceof Problem && error.status >= 400 && error.status < 500 ? "ended" : "broken";
  } finally {
    clearTimeout(silence);
    leave();
    stop.removeEventListener("abort", leave);
    document.removeEventListener("visibilitychange", hide);
  }
}

function visible(stop: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => {
    const look = () => {
      if (document.hidden && !stop.aborted) return;
      document.removeEventListener("visibilitychange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
    stop.addEventListener("abort", look);
  });
}
