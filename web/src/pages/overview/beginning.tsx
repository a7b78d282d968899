// Where no run was ever started, or no event sent: the one thing to do next, as a command that works here.
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Shape } from "../../api/client";
import { firstValue, type Schema } from "../../schema-form/schema";
import { useLive } from "./live";
import { Command } from "../../ui/copy";
import { Empty } from "../../ui/said";

type Job = Shape<"JobShape">;

/** `children` stand below, where the page has its own way to do it. */
export function Beginning({ children }: { children?: ReactNode }) {
  const { data } = useLive("/api/v1/jobs", { limit: 200 });
  if (!data) return null;
  const job = data.data.find((one) => eventOf(one)) ?? data.data[0];
  if (!job) {
    return (
      <Empty title="Here you will see your runs as they go. No worker has brought a job yet.">
        <p>Start one with an app of yours, or write one first:</p>
        <Command text="mainspring init shop && mainspring dev shop/app.py" />
        {children}
      </Empty>
    );
  }
  const name = eventOf(job);
  return (
    <Empty title={name ? "Your jobs are here. Send the first event and watch it run:" : "Your jobs are here. Start the first run and watch it:"}>
      <Command text={name ? `mainspring send ${name} ${quoted(payloadOf(job))}` : `mainspring trigger ${job.id} ${quoted(payloadOf(job))}`} />
      <p>
        It starts <strong>{job.name}</strong>. Or do it from here:{" "}
        {name ? <Link href={`/events?send=${encodeURIComponent(name)}`}>send the event</Link> : <Link href={`/jobs/${encodeURIComponent(job.id)}?tab=test`}>start a run</Link>}.
      </p>
      {children}
    </Empty>
  );
}

const eventOf = (job: Job): string | undefined => job.triggers.flatMap((trigger) => trigger.events)[0];

const payloadOf = (job: Job): unknown =>
  job.triggers.flatMap((trigger) => trigger.examples)[0] ?? firstValue((job.payload_schema ?? {}) as Schema) ?? {};

/** As a shell takes it, whatever is in it. */
const quoted = (value: unknown): string => `'${JSON.stringify(value).replaceAll("'", "'\\''")}'`;
