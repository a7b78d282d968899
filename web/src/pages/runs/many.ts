// What is done to many runs at once: counted, asked, followed to its end.
import { ask, get, send, type Params, type Shape } from "../../api/client";
import { confirm } from "../../ui/confirm";
import { count } from "../../ui/format";
import { bulkFilter, type Filter } from "./filter";

export type Action = "cancel" | "replay";
export type Bulk = Shape<"BulkShape">;

const LOOK_MS = 400;

/** "1,204 runs", or "10,000+ runs" where counting ended. */
export function many(total: number, isExact: boolean): string {
  return isExact ? count(total, "run") : `${total.toLocaleString()}+ runs`;
}

/** Asks first, with how many there are; null: nothing was done. */
export async function actOn(action: Action, what: { ids: string[] } | Filter): Promise<Bulk | null> {
  if (action === "replay" && "params" in what && !what.params.status)
    throw new Error("Replay which of them? Say a status in the filter first: status:failed, or another.");
  const body = { action, ...("ids" in what ? { ids: what.ids } : { filter: bulkFilter(what) }) };
  const counted = await send("post", "/api/v1/runs/bulk", {}, { ...body, dry_run: true });
  const runs = many(counted.total, counted.is_total_exact);
  const isSure = await confirm({
    title: action === "cancel" ? `Cancel ${runs}?` : `Replay ${runs}?`,
    body:
      action === "cancel"
        ? `${runs} will be cancelled: those that wait at once, those that run at their next await. It cannot be undone.`
        : `${runs} will be started afresh with the payload they had. It cannot be undone; what they did stays.`,
    does: action === "cancel" ? `Cancel ${runs}` : `Replay ${runs}`,
    isDanger: action === "cancel",
    // What is meant by a filter was not seen one by one.
    ...("ids" in what ? {} : { typed: action }),
  });
  return isSure ? send("post", "/api/v1/runs/bulk", {}, body) : null;
}

/** Tells how far it has come, until its end. */
export async function follow(bulk: Bulk, told: (now: Bulk) => void): Promise<void> {
  let now = bulk;
  told(now);
  while (now.status === "RUNNING" && now.id) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    now = await get("/api/v1/bulk/{id}", { id: now.id });
    told(now);
  }
}

/** All runs that fit, as a file. */
export async function download(params: Params, format: "csv" | "ndjson"): Promise<void> {
  const query = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(params)) for (const each of [value].flat()) query.append(name, String(each));
  const answer = await ask("GET", `/api/v1/runs/export?${query}`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `runs.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
