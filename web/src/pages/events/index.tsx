// What came in from outside: every event, with what it started or why not.
import { useEffect, useRef } from "react";
import { Link, useSearchParams } from "wouter";
import { useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { SendIcon } from "../../ui/icons";
import { Listed, Page, Pager } from "../../ui/page";
import { Empty } from "../../ui/said";
import { Beginning } from "../overview/beginning";
import { type Event, Outcome } from "./outcome";
import { SendDialog, useNames } from "./send";
import "../../style/operate.css";

const FILTERS = { name: "Named", source: "Source", text: "In the payload", since: "Since: 2h" } as const;
type Filter = keyof typeof FILTERS;
const NAMES = Object.keys(FILTERS) as Filter[];

export default function EventsPage() {
  const [search, setSearch] = useSearchParams();
  const asked = Object.fromEntries(NAMES.map((name) => [name, search.get(name) ?? ""])) as Record<Filter, string>;
  const cursor = search.get("cursor");
  const isFiltered = NAMES.some((name) => asked[name]);
  const events = useRead("/api/v1/events", { ...asked, cursor, limit: 50 });
  const sending = search.get("send");
  const filters = () => Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
  const setSending = (isSending: boolean) => setSearch(isSending ? { ...filters(), send: asked.name } : filters());
  const button = (
    <Button kind="main" hint="n" icon={<SendIcon size={14} />} onClick={() => setSending(true)}>
      Send an event
    </Button>
  );
  const older = events.data?.next_cursor;
  return (
    <Page title="Events" filter={<Filters asked={asked} onChange={(now) => setSearch(Object.fromEntries(Object.entries(now).filter(([, value]) => value)))} />} actions={button}>
      <Listed
        read={events}
        empty={
          isFiltered ? (
            <Empty title={older ? "None among the newest fits; older ones may." : "No event fits."}>
              <Button onClick={() => setSearch({})}>All events</Button>
            </Empty>
          ) : (
            <Beginning>
              <Button icon={<SendIcon size={14} />} onClick={() => setSending(true)}>
                Send one from here
              </Button>
            </Beginning>
          )
        }
      >
        {(rows) => <EventsTable events={rows} />}
      </Listed>
      <Pager cursor={cursor} next={older} onGo={(to) => setSearch({ ...filters(), ...(to && { cursor: to }) })} />
      {sending !== null && <SendDialog first={sending} onClose={() => setSending(false)} />}
    </Page>
  );
}

function Filters({ asked, onChange }: { asked: Record<Filter, string>; onChange: (asked: Record<Filter, string>) => void }) {
  const names = useNames();
  const form = useRef<HTMLFormElement>(null);
  const key = NAMES.map((name) => asked[name]).join("\n");
  useEffect(() => form.current?.reset(), [key]);
  const take = () => {
    const data = new FormData(form.current ?? undefined);
    const now = Object.fromEntries(NAMES.map((name) => [name, String(data.get(name) ?? "").trim()])) as Record<Filter, string>;
    if (NAMES.some((name) => now[name] !== asked[name])) onChange(now);
  };
  return (
    <form
      role="search"
      className="filter fields"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
    >
      {NAMES.map((name) => (
        <input key={name} name={name} defaultValue={asked[name]} placeholder={FILTERS[name]} aria-label={FILTERS[name]} title={name === "name" ? "Filter · key /" : undefined} list={name === "name" ? "heard-names" : undefined} autoComplete="off" spellCheck={false} onBlur={take} />
      ))}
      <datalist id="heard-names">
        {[...names.keys()].map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <button type="submit" className="unseen">
        Filter
      </button>
    </form>
  );
}

function EventsTable({ events }: { events: Event[] }) {
  return (
    <div className="sheet">
      <table className="list sent">
        <thead>
          <tr>
            <th>Event</th>
            <th>What came of it</th>
            <th className="wide">Source</th>
            <th className="wide">Id</th>
            <th className="number">Sent</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.event_id}>
              <td className="main">
                <Link href={`/events/${event.event_id}`}>{event.name}</Link>
              </td>
              <td>
                <Outcome event={event} />
              </td>
              <td className="wide faint">{event.source}</td>
              <td className="wide mono faint">{event.id.length > 24 ? `${event.id.slice(0, 8)}…${event.id.slice(-6)}` : event.id}</td>
              <td className="number">
                <At at={event.timestamp} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
