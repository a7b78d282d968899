import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { Problem, send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { Command, Copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { ReplayIcon, SendIcon } from "../ui/icons";
import { Json } from "../ui/json";
import type { Parsed } from "../ui/json-field";
import { parsedOf, SchemaForm } from "../schema-form/form";
import { firstValue, type Schema } from "../schema-form/schema";
import { Listed, Page, Pager } from "../ui/page";
import { Empty, Skeleton, Wrong } from "../ui/said";
import { Status } from "../ui/status";
import { attempt } from "../ui/toast";

type Event = Shape<"EventShape">;

export default function EventsPage() {
  const [search, setSearch] = useSearchParams();
  const name = search.get("name") ?? "";
  const cursor = search.get("cursor");
  const open = search.get("event");
  const sending = search.get("send");
  const setSending = (isSending: boolean) => setSearch(isSending ? { send: "" } : {});
  const events = useRead("/api/v1/events", { name, cursor, limit: 50 });
  return (
    <Page
      title="Events"
      filter={
        <form role="search" className="filter" onSubmit={(event) => event.preventDefault()}>
          <input defaultValue={name} placeholder="Events of the name" aria-label="Events of the name" title="Events of the name · key /" onBlur={(event) => setSearch(event.target.value ? { name: event.target.value } : {})} onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()} />
        </form>
      }
      actions={
        <Button kind="main" hint="n" icon={<SendIcon size={14} />} onClick={() => setSending(true)}>
          Send an event
        </Button>
      }
    >
      <Listed
        read={events}
        empty={
          <Empty title={name ? `No event has the name ${name}.` : "Here is every event, with what it started or why not. None has come yet."}>
            <Command text={`mainspring send ${name || "hello.world"} '{"who": "Ada"}'`} />
            <Button icon={<SendIcon size={14} />} onClick={() => setSending(true)}>
              Send one from here
            </Button>
          </Empty>
        }
      >
        {(rows) => <EventsTable events={rows} onOpen={(id) => setSearch((was) => ({ ...Object.fromEntries(was), event: id }))} />}
      </Listed>
      <Pager cursor={cursor} next={events.data?.next_cursor} onGo={(to) => setSearch({ ...(name && { name }), ...(to && { cursor: to }) })} />
      {sending !== null && <SendDialog first={sending} onClose={() => setSending(false)} />}
      {open && <EventDialog id={open} onClose={() => setSearch((was) => { was.delete("event"); return was; })} />}
    </Page>
  );
}

function EventsTable({ events, onOpen }: { events: Event[]; onOpen: (id: string) => void }) {
  return (
    <div className="sheet">
      <table className="list">
        <thead>
          <tr>
            <th>Event</th>
            <th>What came of it</th>
            <th className="wide">Id</th>
            <th className="number">Sent</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.event_id}>
              <td className="main">
                <button type="button" className="link" onClick={() => onOpen(event.event_id)}>
                  {event.name}
                </button>
              </td>
              <td>
                <Outcome event={event} />
              </td>
              <td className="wide mono faint">{event.id}</td>
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

function Outcome({ event }: { event: Event }) {
  if (event.cancelled_at) return <span className="faint">cancelled before its delivery</span>;
  if (!event.delivered_at)
    return (
      <span className="faint">
        delivered <At at={event.deliver_at} />
      </span>
    );
  const refused = event.rejected.map((each) => `${each.job_id}: ${each.errors[0]?.path || "payload"} ${each.errors[0]?.message ?? "does not fit"}`);
  const nothing = !event.runs.length && !refused.length;
  return (
    <span className="outcome">
      {event.runs.slice(0, 4).map((run) => (
        <Link key={run.id} href={`/runs/${run.id}`}>
          {run.status ? <Status status={run.status} /> : "→"} {run.job_id}
        </Link>
      ))}
      {event.runs.length > 4 && <span className="faint">and {event.runs.length - 4} more</span>}
      {refused.map((text) => (
        <span key={text} className="bad-text">
          {text}
        </span>
      ))}
      {nothing && <span className="faint">{event.skipped[0]?.message ?? event.hint ?? "no job listens for it"}</span>}
    </span>
  );
}

function EventDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const read = useRead("/api/v1/events/{id}", { id });
  const event = read.data;
  const replay = async () => {
    await attempt(send("post", "/api/v1/events/{id}/replay", { id }), "It was sent again");
    refresh("/api/v1/events");
  };
  return (
    <Dialog title={event?.name ?? "Event"} onClose={onClose}>
      {read.problem && <Wrong problem={read.problem} />}
      {!event ? (
        <Skeleton rows={4} />
      ) : (
        <>
          <p className="mono faint">
            {event.event_id} <Copy text={event.event_id} label="the id" />
          </p>
          <h3>What came of it</h3>
          <p>
            <Outcome event={event} />
          </p>
          {event.skipped.length > 0 && (
            <ul className="plain">
              {event.skipped.map((each) => (
                <li key={each.job_id}>
                  <span className="mono">{each.job_id}</span> {each.message}
                </li>
              ))}
            </ul>
          )}
          <h3>Payload</h3>
          <Json value={event.payload} label="payload" />
          <Button icon={<ReplayIcon size={14} />} onClick={() => void replay()}>
            Send it again
          </Button>
        </>
      )}
    </Dialog>
  );
}

interface Heard {
  schema: unknown;
  first: unknown;
}

/** The names jobs listen for, each with what its payload is like. */
function useNames(): Map<string, Heard> {
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  const names = new Map<string, Heard>();
  for (const job of jobs.data?.data ?? []) {
    for (const trigger of job.triggers) {
      const schema = job.payload_schema;
      const first = trigger.examples[0] ?? firstValue((schema ?? {}) as Schema);
      for (const name of trigger.events) names.set(name, { schema, first });
    }
  }
  return names;
}

function SendDialog({ first, onClose }: { first: string; onClose: () => void }) {
  const [, go] = useLocation();
  const names = useNames();
  const [name, setName] = useState(first);
  const [typed, setTyped] = useState<Parsed | null>(null);
  const payload = typed ?? parsedOf(names.get(name)?.first ?? {});
  const [problem, setProblem] = useState<Problem | null>(null);
  const post = async () => {
    if (payload.problem || !name) return;
    try {
      const event = await send("post", "/api/v1/events", {}, { name, payload: payload.value });
      refresh("/api/v1/events");
      const run = event.runs[0];
      if (run && event.runs.length === 1) go(`/runs/${run.id}`);
      else go(`/events?event=${event.event_id}`);
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Dialog title="Send an event" onClose={onClose}>
      <form
        className="form"
      noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void post();
        }}
      >
        <div className="field">
          <label htmlFor="event-name">Name</label>
          <input id="event-name" list="event-names" value={name} required autoFocus autoComplete="off" onChange={(event) => setName(event.target.value)} placeholder="order.created" />
          <datalist id="event-names">
            {[...names.keys()].map((each) => (
              <option key={each} value={each} />
            ))}
          </datalist>
          {names.size > 0 && (
            <p className="offers-line">
              Jobs listen for{" "}
              {[...names.keys()].slice(0, 6).map((each) => (
                <button type="button" key={each} className="tag" onClick={() => setName(each)}>
                  {each}
                </button>
              ))}
            </p>
          )}
        </div>
        <SchemaForm
          key={names.has(name) ? name : ""}
          label="Payload"
          schema={names.get(name)?.schema ?? null}
          errors={problem?.errors ?? []}
          parsed={payload}
          onChange={setTyped}
          onSubmit={() => void post()}
        />
        {problem && <Wrong problem={problem} />}
        <Button kind="main" type="submit" hint="⌘↵" icon={<SendIcon size={14} />} disabled={Boolean(payload.problem) || !name}>
          Send
        </Button>
      </form>
    </Dialog>
  );
}
