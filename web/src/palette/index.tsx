// ⌘K: any page, job, run or action by a few letters of its name.
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { namesOf } from "../keys/names";
import { Dialog } from "../ui/dialog";
import { SearchIcon } from "../ui/icons";
import { type Offer, useOffers } from "./offers";
import "../style/palette.css";
import { remember } from "./recent";

interface Props {
  onClose: () => void;
  onKeys: () => void;
}

export default function Palette({ onClose, onKeys }: Props) {
  const [typed, type] = useState("");
  const [at, move] = useState(0);
  const list = useId();
  const offers = useOffers(typed, onKeys);
  const chosen = Math.min(at, offers.length - 1);
  const take = (offer: Offer | undefined) => {
    if (!offer) return;
    if (offer.id !== "filter") remember(offer.id);
    onClose();
    offer.act();
  };
  const walk = (event: KeyboardEvent) => {
    const last = offers.length - 1;
    if (event.key === "Enter") take(offers[chosen]);
    else if (event.key === "ArrowDown") move(chosen >= last ? 0 : chosen + 1);
    else if (event.key === "ArrowUp") move(chosen <= 0 ? last : chosen - 1);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog kind="bare" title="Go to or do anything" onClose={onClose}>
      <div className="palette">
        <div className="palette-field">
          <SearchIcon size={16} />
          <input
            value={typed}
            onChange={(event) => {
              type(event.target.value);
              move(0);
            }}
            onKeyDown={walk}
            placeholder="A page, a job, a run's id, or what to do"
            aria-label="Go to or do anything"
            role="combobox"
            aria-expanded
            aria-controls={list}
            aria-activedescendant={offers[chosen] && `${list}-${chosen}`}
            autoComplete="off"
            spellCheck={false}
          />
          <button type="button" className="palette-close" onClick={onClose} aria-label="Close" title="Close · key Esc">
            <kbd>Esc</kbd>
          </button>
        </div>
        <Offers id={list} offers={offers} at={chosen} onTake={take} />
        {offers.length === 0 && (
          <p className="palette-none" role="status">
            Nothing is called that. An id of a run, event, approval or error leads to it.
          </p>
        )}
      </div>
    </Dialog>
  );
}

function Offers({ id, offers, at, onTake }: { id: string; offers: Offer[]; at: number; onTake: (offer: Offer) => void }) {
  const here = useRef<HTMLDivElement>(null);
  useEffect(() => {
    here.current?.scrollIntoView({ block: "nearest" });
  }, [at, offers]);
  const groups = [...new Set(offers.map((offer) => offer.group))];
  return (
    <div className="palette-list" role="listbox" id={id} aria-label="What there is">
      {groups.map((group) => (
        <div key={group} role="group" aria-label={group}>
          <h3 aria-hidden="true">{group}</h3>
          {offers.map(
            (offer, place) =>
              offer.group === group && (
                <div
                  key={offer.id}
                  id={`${id}-${place}`}
                  ref={place === at ? here : undefined}
                  role="option"
                  aria-selected={place === at}
                  onClick={() => onTake(offer)}
                >
                  {offer.icon}
                  <span className="palette-title">{offer.title}</span>
                  {offer.note && <span className="palette-note">{offer.note}</span>}
                  {offer.press && (
                    <span className="palette-key">
                      {namesOf(offer.press).map((part) => (
                        <kbd key={part}>{part}</kbd>
                      ))}
                    </span>
                  )}
                </div>
              ),
          )}
        </div>
      ))}
    </div>
  );
}
