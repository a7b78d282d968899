// What fails, in groups: those of one class, job and task are one row, the one seen last on top.
import { useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { count } from "../../ui/format";
import { CancelIcon, DoneIcon, ReplayIcon } from "../../ui/icons";
import { Listed, Page, Pager } from "../../ui/page";
import { Empty } from "../../ui/said";
import { replayAll, say, type Verb } from "./act";
import { ReachChips, reachOf } from "./bars";
import { ErrorsTable } from "./table";
import "../../style/errors.css";

const EVERY_MS = 10_000;
const STATUSES = ["unresolved", "resolved", "ignored"] as const;
const NONE = { unresolved: "Nothing fails that nobody has looked at.", resolved: "No error is resolved.", ignored: "No error is ignored." };

export default function ErrorsPage() {
  const [search, setSearch] = useSearchParams();
  const status = STATUSES.find((each) => each === search.get("status")) ?? "unresolved";
  const [job, text, cursor, reach] = [search.get("job"), search.get("text"), search.get("cursor"), reachOf(search.get("counts"))];
  const read = useRead("/api/v1/errors", { status, job, text, cursor, counts: reach, limit: 50 }, { every: EVERY_MS });
  const rows = read.data?.data ?? [];
  const [at, setAt] = useState(0);
  const [chosen, setChosen] = useState<Set<string>>(new Set());
  const set = (changes: Record<string, string | null>) => {
    setAt(0);
    setChosen(new Set());
    setSearch((was) => {
      const now = new URLSearchParams(was);
      for (const [name, value] of Object.entries({ cursor: null, ...changes })) value ? now.set(name, value) : now.delete(name);
      return now;
    });
  };
  const toggle = (id: string) =>
    setChosen((was) => {
      const now = new Set(was);
      if (!now.delete(id)) now.add(id);
      return now;
    });
  /** The chosen ones, or the one that is pointed at. */
  const meant = () => (chosen.size ? [...chosen] : rows[at] ? [rows[at].id] : []);
  const act = async (verb: Verb) => {
    const ids = meant();
    if (!ids.length) return;
    await say(verb, ids);
    setChosen(new Set());
  };
  const replay = () => void (meant().length && replayAll(meant()));
  useKeys([
    { press: "x", does: "Choose the error", act: () => rows[at] && toggle(rows[at].id) },
    status === "unresolved"
      ? { press: "d", does: "Resolve", act: () => void act("resolve") }
      : { press: "o", does: "Reopen", act: () => void act("reopen") },
    ...(status === "ignored" ? [] : [{ press: "i", does: "Ignore", act: () => void act("ignore") }]),
    { press: "r", does: "Replay its runs", act: replay },
  ]);
  return (
    <Page
      title="Errors"
      filter={
        <>
          <div className="chips" role="group" aria-label="Status">
            {STATUSES.map((each) => (
              <button key={each} type="button" aria-pressed={each === status} onClick={() => set({ status: each === "unresolved" ? null : each })}>
                {each}
              </button>
            ))}
          </div>
          <Narrow job={job ?? ""} text={text ?? ""} onJob={(id) => set({ job: id })} onText={(said) => set({ text: said })} />
        </>
      }
      actions={<ReachChips reach={reach} onChange={(to) => set({ counts: to === "24h" ? null : to })} />}
    >
      {chosen.size > 0 && (
        <div className="bulk" role="toolbar" aria-label="With the chosen errors">
          {count(chosen.size, "error")} chosen
          {status !== "resolved" && (
            <Button hint={status === "unresolved" ? "d" : undefined} icon={<DoneIcon size={14} />} onClick={() => void act("resolve")}>
              Resolve
            </Button>
          )}
          {status !== "ignored" && (
            <Button hint="i" icon={<CancelIcon size={14} />} onClick={() => void act("ignore")}>
              Ignore
            </Button>
          )}
          {status !== "unresolved" && (
            <Button hint="o" onClick={() => void act("reopen")}>
              Reopen
            </Button>
          )}
          <Button hint="r" icon={<ReplayIcon size={14} />} onClick={replay}>
            Replay all runs
          </Button>
          <Button kind="quiet" onClick={() => setChosen(new Set())}>
            Choose none
          </Button>
        </div>
      )}
      <Listed
        read={read}
        empty={
          <Empty title={read.data?.next_cursor ? "None among these; older ones may fit." : job || text ? "No error fits." : NONE[status]}>
            {(job || text) && <Button onClick={() => set({ job: null, text: null })}>Show all that are {status}</Button>}
          </Empty>
        }
      >
        {(groups) => <ErrorsTable groups={groups} at={at} chosen={chosen} reach={reach} onPoint={setAt} onChoose={toggle} onSay={(verb, id) => void say(verb, [id])} />}
      </Listed>
      <Pager cursor={cursor} next={read.data?.next_cursor} onGo={(to) => set({ cursor: to })} />
    </Page>
  );
}

interface NarrowProps {
  job: string;
  text: string;
  onJob: (id: string | null) => void;
  onText: (text: string | null) => void;
}

function Narrow({ job, text, onJob, onText }: NarrowProps) {
  const [draft, setDraft] = useState(text);
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  useEffect(() => setDraft(text), [text]);
  const ids = [...new Set([...(jobs.data?.data.map((each) => each.id) ?? []), ...(job ? [job] : [])])].sort();
  return (
    <form
      className="error-filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onText(draft.trim() || null);
      }}
    >
      <input value={draft} onChange={(event) => setDraft(event.target.value)} onBlur={() => draft.trim() !== text && onText(draft.trim() || null)} placeholder="In message, class or task" aria-label="Text" title="key /" spellCheck={false} />
      <select value={job} onChange={(event) => onJob(event.target.value || null)} aria-label="Job">
        <option value="">all jobs</option>
        {ids.map((id) => (
          <option key={id}>{id}</option>
        ))}
      </select>
    </form>
  );
}
