// The filter bar: typed, with suggestions, or clicked.
import { useEffect, useId, useRef, useState } from "react";
import { useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Mark, wordOf } from "../../ui/status";
import { readFilter, suggestions, withQualifier } from "./filter";

const CHIPS = ["RUNNING", "WAITING", "PENDING", "FAILED", "SUCCESS"];

export function FilterBar({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState(text);
  const [isOpen, open] = useState(false);
  const [chosen, choose] = useState(-1);
  const list = useId();
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  useEffect(() => setDraft(text), [text]);
  useKeys([{ press: "/", does: "Filter", act: () => input.current?.focus() }]);
  const offers = isOpen ? suggestions(draft, jobs.data?.data.map((job) => job.id) ?? []) : [];
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
