// The filter bar: typed, with suggestions, or clicked.
import { useEffect, useId, useRef, useState } from "react";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Mark, wordOf } from "../../ui/status";
import { readFilter, suggestions, typedName, withQualifier } from "./filter";
import type { Run } from "./live";

const CHIPS = ["RUNNING", "WAITING", "PENDING", "FAILED", "SUCCESS"];

interface Props {
  text: string;
  onChange: (text: string) => void;
  /** Those on the page: their tags are offered. */
  runs: Run[];
}

/** Values to offer for a qualifier; read when it is being typed. */
function useKnown(name: string | undefined, runs: Run[]): Record<string, string[]> {
  const isOfJobs = name === "job" || name === "version" || name === "event";
  const jobs = useRead(isOfJobs ? "/api/v1/jobs" : null, { limit: 200 }).data?.data ?? [];
  const queues = useRead(name === "queue" ? "/api/v1/queues" : null, { limit: 200 }).data?.data ?? [];
  const schedules = useRead(name === "schedule" ? "/api/v1/schedules" : null, { limit: 200 }).data?.data ?? [];
  const each = (values: (string | null | undefined)[]) => [...new Set(values.flatMap((value) => value || []))].sort();
  return {
    job: each(jobs.map((job) => job.id)),
    version: each(jobs.flatMap((job) => job.versions.map((version) => version.version))),
    event: each(jobs.flatMap((job) => job.triggers.flatMap((trigger) => trigger.events))),
    queue: each(queues.map((queue) => queue.name)),
    schedule: each(schedules.map((schedule) => schedule.id)),
    tag: each(runs.flatMap((run) => run.tags)),
  };
}

export function FilterBar({ text, onChange, runs }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(text);
  const [isOpen, open] = useState(false);
  const [chosen, choose] = useState(-1);
  const list = useId();
  useEffect(() => setDraft(text), [text]);
  useKeys([{ press: "/", does: "Filter", act: () => input.current?.focus() }]);
  const known = useKnown(isOpen ? typedName(draft) : undefined, runs);
  const offers = isOpen ? suggestions(draft, known) : [];
  const take = (offer: string) => {
    setDraft(offer);
    choose(-1);
    if (offer.endsWith(" ")) onChange(offer.trim());
    input.current?.focus();
  };
  const status = [readFilter(text).params.status].flat().join(",");
  return (
    <div className="filter">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const offer = offers[chosen];
          if (offer) take(offer);
          else {
            open(false);
            onChange(draft.trim());
          }
        }}
      >
        <input
          ref={input}
          value={draft}
          placeholder="Filter: status:failed job:import payload.order_id:o1 since:2h"
          aria-label="Filter"
          title="Filter · key /"
          role="combobox"
          aria-expanded={offers.length > 0}
          aria-controls={list}
          aria-activedescendant={chosen >= 0 ? `${list}-${chosen}` : undefined}
          autoComplete="off"
          spellCheck={false}
          onFocus={() => open(true)}
          onBlur={() => setTimeout(() => open(false), 120)}
          onChange={(event) => {
            setDraft(event.target.value);
            open(true);
            choose(-1);
          }}
          onKeyDown={(event) => {
            if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
            event.preventDefault();
            const step = event.key === "ArrowDown" ? 1 : -1;
            choose(Math.max(-1, Math.min(offers.length - 1, chosen + step)));
          }}
        />
        <kbd>/</kbd>
        {offers.length > 0 && (
          <ul className="offers" role="listbox" id={list}>
            {offers.map((offer, at) => (
              <li
                key={offer}
                id={`${list}-${at}`}
                role="option"
                aria-selected={at === chosen}
                onMouseDown={(event) => {
                  event.preventDefault();
                  take(offer);
                }}
              >
                {offer.trim().split(/\s+(?=\w+:)/).at(-1)}
              </li>
            ))}
          </ul>
        )}
      </form>
      <div className="chips" role="group" aria-label="Status">
        {CHIPS.map((chip) => (
          <button
            type="button"
            key={chip}
            aria-pressed={status === chip}
            onClick={() => onChange(withQualifier(text, "status", status === chip ? null : chip.toLowerCase()))}
          >
            <Mark status={chip} />
            {wordOf(chip)}
          </button>
        ))}
      </div>
    </div>
  );
}
