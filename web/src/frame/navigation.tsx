// The way to every page: beside the page, or below it where the screen is narrow.
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { namesOf } from "../keys/names";
import { PLACES, type Place } from "../places";
import { MoreIcon, SearchIcon, SendIcon } from "../ui/icons";
import { Dot } from "./connection";
import { Switches } from "./switches";
import { useWaiting } from "./waiting";

/** Of the narrow bar: the pages one needs on the way; the others are behind "More". */
const FIRST = ["/overview", "/runs", "/approvals", "/errors"];

interface Props {
  environment: string;
  project: string;
  isDev: boolean;
  onKeys: () => void;
  onPalette: () => void;
}

export function Navigation({ environment, project, isDev, onKeys, onPalette }: Props) {
  const [at] = useLocation();
  const [isOpen, open] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  useEffect(() => open(false), [at]);
  const named = PLACES.filter((place) => place.name);
  const first = named.filter((place) => FIRST.includes(place.path));
  return (
    <nav
      className={isOpen ? "nav open" : "nav"}
      aria-label="Pages"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !isOpen) return;
        event.stopPropagation();
        open(false);
        more.current?.focus();
      }}
    >
      <div className="brand">
        <img src="favicon.svg" alt="" width="22" height="22" />
        <div>
          <strong title={project}>{project}</strong>
          <span title={environment}>{environment}</span>
        </div>
      </div>
      <div className="asks">
        <button type="button" className="ask" onClick={onPalette} title={`Go to or do anything · key ${namesOf("mod+k").join("")}`} aria-keyshortcuts="Control+K Meta+K">
          <SearchIcon size={14} />
          <span>Go to</span>
          <kbd>{namesOf("mod+k")}</kbd>
        </button>
        <Link className="ask" href="/events?send=" title="Send an event · key n" aria-label="Send an event" aria-keyshortcuts="n">
          <SendIcon size={14} />
        </Link>
      </div>
      <ul>
        {named.map((place) => (
          <Entry key={place.path} place={place} at={at} isFirst={first.includes(place)} />
        ))}
        <li className="more">
          <button type="button" ref={more} aria-expanded={isOpen} onClick={() => open(!isOpen)}>
            <MoreIcon size={16} />
            <span>More</span>
          </button>
        </li>
      </ul>
      <div className="foot">
        {isDev && <p className="dev">Open without a login: this is a development server, on this machine alone.</p>}
        <Dot />
        <Switches onKeys={onKeys} />
      </div>
    </nav>
  );
}

function Entry({ place, at, isFirst }: { place: Place; at: string; isFirst: boolean }) {
  const isHere = at === place.path || at.startsWith(`${place.path}/`);
  return (
    <li className={isFirst ? undefined : "later"}>
      <Link
        href={place.path}
        className={isHere ? "here" : ""}
        aria-current={isHere ? (at === place.path ? "page" : "true") : undefined}
        title={place.key ? `${place.name} · key g ${place.key}` : place.name}
        aria-keyshortcuts={place.key && `g ${place.key}`}
      >
        {place.icon}
        <span>{place.name}</span>
        {place.path === "/approvals" && <Waiting />}
      </Link>
    </li>
  );
}

function Waiting() {
  const count = useWaiting();
  return count ? (
    <span className="badge">
      {count}
      <span className="unseen"> waiting</span>
    </span>
  ) : null;
}
