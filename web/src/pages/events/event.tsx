// One event: what each job made of it, what it brought; sent again as it is or changed, cancelled while it is put off.
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { type Problem, send } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { useKeys } from "../../keys/keys";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { Copy } from "../../ui/copy";
import { Dialog } from "../../ui/dialog";
import { BackIcon, CancelIcon, ReplayIcon } from "../../ui/icons";
import { Json } from "../../ui/json";
import { JsonField, parse } from "../../ui/json-field";
import { Page } from "../../ui/page";
import { Skeleton, Wrong } from "../../ui/said";
import { attempt, toast } from "../../ui/toast";
import { useLastPart } from "../../ui/place";
import { type Event, Outcomes } from "./outcome";
import "../../style/operate.css";

export default function EventPage() {
  const id = useLastPart();
  const read = useRead("/api/v1/events/{id}", { id }, { every: 3_000 });
  const [isReplaying, setReplaying] = useState(false);
  const event = read.data;
  const isPutOff = Boolean(event && !event.delivered_at && !event.cancelled_at);
  useKeys([{ press: "r", does: "Send the event again", act: () => event && setReplaying(true) }]);
  const cancel = async () => {
    await attempt(send("post", "/api/v1/events/{id}/cancel", { id }), "It is cancelled");
    refresh("/api/v1/events");
  };
  return (
    <Page
      title={event?.name ?? "Event"}
      filter={
        <Link href="/events" className="back-to">
          <BackIcon size={14} /> Events
        </Link>
      }
      actions={
        event && (
          <>
            {isPutOff && (
              <Button kind="danger" icon={<CancelIcon size={14} />} onClick={() => void cancel()}>
                Cancel it
              </Button>
            )}
            <Button hint="r" icon={<ReplayIcon size={14} />} onClick={() => setReplaying(true)}>
              Send it again
            </Button>
          </>
        )
      }
    >
      {!event ? read.problem ? <Wrong problem={read.problem} retry={read.reload} /> : <Skeleton /> : <About event={event} />}
      {isReplaying && event && <ReplayDialog event={event} onClose={() => setReplaying(false)} />}
    </Page>
  );
}

function About({ event }: { event: Event }) {
  return (
    <>
      <p className="pad mono faint">
        {event.event_id} <Copy text={event.event_id} label="the id" />
        {event.id !== event.event_id && <span className="note">the sender's {event.id}</span>}
      </p>
      <p className="pad row-of">
        <span>
          Sent <At at={event.timestamp} />
        </span>
        {event.source && (
          <span>
            from <Link href={`/events?source=${encodeURIComponent(event.source)}`}>{event.source}</Link>
          </span>
        )}
        {event.idempotency_key && <span className="faint">idempotency key {event.idempotency_key}</span>}
        {event.is_test && <span className="faint">a test</span>}
        <Link href={`/events?name=${encodeURIComponent(event.name)}`}>others of its name</Link>
      </p>
      <h2 className="part">What came of it</h2>
      <div className="pad-less">
        <Outcomes event={event} />
      </div>
      <h2 className="part">Payload</h2>
      <Json value={event.payload} label="payload" />
      {event.context != null && (
        <>
          <h2 className="part">Context</h2>
          <Json value={event.context} label="context" />
        </>
      )}
    </>
  );
}

function ReplayDialog({ event, onClose }: { event: Event; onClose: () => void }) {
  const [, go] = useLocation();
  const [payload, setPayload] = useState(() => parse(JSON.stringify(event.payload, null, 2)));
  const [problem, setProblem] = useState<Problem | null>(null);
  const replay = async () => {
    if (payload.problem) return;
    try {
      const isSame = JSON.stringify(payload.value) === JSON.stringify(event.payload);
      const sent = await send("post", "/api/v1/events/{id}/replay", { id: event.event_id }, isSame ? {} : { payload: payload.value });
      refresh("/api/v1/events");
      toast("It was sent again");
      const run = sent.runs[0];
      go(run && sent.runs.length === 1 ? `/runs/${run.id}` : `/events/${sent.event_id}`);
      onClose();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Dialog title={`Send ${event.name} again`} onClose={onClose}>
      <form
        className="form"
        noValidate
        onSubmit={(submitted) => {
          submitted.preventDefault();
          void replay();
        }}
      >
        <JsonField label="Payload" parsed={payload} onChange={setPayload} onSubmit={() => void replay()} />
        {problem && <Wrong problem={problem} />}
        <Button kind="main" type="submit" hint="⌘↵" disabled={Boolean(payload.problem)}>
          Send
        </Button>
      </form>
    </Dialog>
  );
}
