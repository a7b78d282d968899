// What can be done about errors: resolved, ignored, reopened; their runs replayed, once one has seen how many these are.
import { send, type Shape } from "../../api/client";
import { refresh } from "../../api/query";
import { confirm } from "../../ui/confirm";
import { count } from "../../ui/format";
import { attempt } from "../../ui/toast";

export type ErrorGroup = Shape<"ErrorGroupShape">;
export type Verb = "resolve" | "ignore" | "reopen";

const DONE: Record<Verb, string> = { resolve: "resolved", ignore: "ignored", reopen: "open again" };

/** Says it of all of them; `until`: how long they are ignored, without it for good. */
export async function say(verb: Verb, ids: string[], until: { for?: string; runs?: number } = {}): Promise<void> {
  const path = `/api/v1/errors/{id}/${verb}` as const;
  const saying = Promise.all(ids.map((id) => send("post", path, { id }, verb === "ignore" ? until : {})));
  await attempt(saying, ids.length === 1 ? `It is ${DONE[verb]}` : `${count(ids.length, "error")} ${DONE[verb]}`);
  refresh("/api/v1/errors");
}

/** Starts every run that failed with these again. */
export async function replayAll(ids: string[]): Promise<void> {
  const ask = (id: string, isDry: boolean) =>
    send("post", "/api/v1/runs/bulk", {}, { action: "replay", filter: { error: id }, dry_run: isDry });
  const counted = await attempt(Promise.all(ids.map((id) => ask(id, true))), "Counted");
  if (!counted) return;
  const runs = counted.reduce((sum, each) => sum + each.total, 0);
  const isSure = await confirm({
    title: `Replay ${count(runs, "run")}?`,
    body: "Each is started again as a fresh run with the same payload. The failed ones stay as they are.",
    does: `Replay ${count(runs, "run")}`,
  });
  if (isSure) await attempt(Promise.all(ids.map((id) => ask(id, false))), `${count(runs, "run")} started again, one portion after the other`);
}
