// What all runs said, newest first; narrowed by level, text, job and time, all of it in the address.
import { useCallback, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { Command } from "../../ui/copy";
import { Page } from "../../ui/page";
import { Empty, Skeleton, Wrong } from "../../ui/said";
import { useLines } from "./lines";
import { LinesList } from "./list";
import "../../style/logs.css";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"];
const REACHES = ["15m", "1h", "24h", "7d", "all"];

type Change = Record<string, string | null>;

export default function LogsPage() {
  const [search, setSearch] = useSearchParams();
  const level = LEVELS.find((each) => each === search.get("level")) ?? null;
  const reach = REACHES.find((each) => each === search.get("since")) ?? "all";
  const [job, text, isLive] = [search.get("job"), search.get("text"), search.get("live") !== "off"];
  const set = (change: Change) =>
    setSearch((was) => {
      const now = new URLSearchParams(was);
      for (const [name, value] of Object.entries(change)) value ? now.set(name, value) : now.delete(name);
      return now;
    });
  const read = useLines({ level, job, text, since: reach === "all" ? null : reach }, isLive);
  const { next, readOn, isReadingOn, problem } = read;
  const older = useCallback(() => {
    if (next && !isReadingOn) void readOn(next);
  }, [next, readOn, isReadingOn]);
  const isOnward = !read.isSparse && !problem;
  const atEnd = useCallback(() => isOnward && older(), [isOnward, older]);
  const toggleLive = () => set({ live: isLive ? "off" : null });
  useKeys([{ press: "l", does: isLive ? "Stand still" : "Follow live", act: toggleLive }]);
  const isNarrow = Boolean(level || job || text || reach !== "all");
  return (
    <Page
      title="Logs"
      filter={<Narrow level={level ?? ""} job={job ?? ""} text={text ?? ""} onChange={set} />}
      actions={
        <>
          <div className="chips" role="group" aria-label="How far back">
            {REACHES.map((each) => (
              <button key={each} type="button" aria-pressed={each === reach} onClick={() => set({ since: each === "all" ? null : each })}>
                {each}
              </button>
            ))}
          </div>
          <Button hint="l" aria-pressed={isLive} className={`button plain live${isLive ? " on" : ""}`} onClick={toggleLive}>
            Live
          </Button>
        </>
      }
    >
      {problem && <Wrong problem={problem} retry={read.reload} />}
      {!read.isRead ? (
        !problem && <Skeleton />
      ) : read.lines.length === 0 ? (
        <None next={next} isNarrow={isNarrow} isReading={isReadingOn} onOlder={older} onAll={() => set({ level: null, job: null, text: null, since: null })} />
      ) : (
        <LinesList
          key={`${level}/${job}/${text}/${reach}`}
          lines={read.lines}
          onEnd={atEnd}
          foot={
            <p className="log-foot faint">
              {next ? <Button disabled={isReadingOn} onClick={older}>{isReadingOn ? "Looking further back…" : read.isSparse ? "Older ones may fit: look further back" : "Older"}</Button> : "There are no older ones."}
            </p>
          }
        />
      )}
    </Page>
  );
}

interface NoneProps {
  next: string | null;
  isNarrow: boolean;
  isReading: boolean;
  onOlder: () => void;
  onAll: () => void;
}

function None({ next, isNarrow, isReading, onOlder, onAll }: NoneProps) {
  if (next)
    return (
      <Empty title="None among these; older ones may fit.">
        <Button kind="main" disabled={isReading} onClick={onOlder}>
          Look further back
        </Button>
      </Empty>
    );
  if (isNarrow)
    return (
      <Empty title="No line fits.">
        <Button onClick={onAll}>Show all lines</Button>
      </Empty>
    );
  return (
    <Empty title="Here is what your runs say, as they say it. In a job, write:">
      <Command text={'io.logger.info("imported", rows=60)'} />
    </Empty>
  );
}

interface NarrowProps {
  level: string;
  job: string;
  text: string;
  onChange: (change: Change) => void;
}

function Narrow({ level, job, text, onChange }: NarrowProps) {
  const [draft, setDraft] = useState(text);
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  useEffect(() => setDraft(text), [text]);
  const ids = [...new Set([...(jobs.data?.data.map((each) => each.id) ?? []), ...(job ? [job] : [])])].sort();
  const say = () => draft.trim() !== text && onChange({ text: draft.trim() || null });
  return (
    <form
      className="log-filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        say();
      }}
    >
      <input value={draft} maxLength={256} onChange={(event) => setDraft(event.target.value)} onBlur={say} placeholder="Search the lines" aria-label="Search the lines" title="Search the lines · key /" spellCheck={false} />
      <select value={level} onChange={(event) => onChange({ level: event.target.value || null })} aria-label="Level">
        <option value="">all levels</option>
        {LEVELS.map((each) => (
          <option key={each} value={each}>
            {each.toLowerCase()}
            {each !== "ERROR" && " and above"}
          </option>
        ))}
      </select>
      <select value={job} onChange={(event) => onChange({ job: event.target.value || null })} aria-label="Job">
        <option value="">all jobs</option>
        {ids.map((id) => (
          <option key={id}>{id}</option>
        ))}
      </select>
    </form>
  );
}
