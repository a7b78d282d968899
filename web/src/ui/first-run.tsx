// What somebody who has nothing yet is to do next, for the jobs that there are: a command to copy, or a button.
import { Link } from "wouter";
import { useRead } from "../api/query";
import { firstValue, type Schema } from "../schema-form/schema";
import { Command } from "./copy";

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function FirstRun() {
  const jobs = useRead("/api/v1/jobs", { limit: 200 }).data?.data;
  if (!jobs) return null;
  const heard = jobs.flatMap((job) =>
    job.triggers.flatMap((trigger) => trigger.events.map((name) => ({ name, payload: trigger.examples[0] ?? firstValue((job.payload_schema ?? {}) as Schema) }))),
  )[0];
  if (heard) {
    return (
      <>
        <p>Send an event that one of your jobs listens for, in a terminal:</p>
        <Command text={`mainspring send ${/^[\w.:/-]+$/.test(heard.name) ? heard.name : quoted(heard.name)} ${quoted(JSON.stringify(heard.payload ?? {}))}`} />
        <Link className="button plain" href={`/events?send=${encodeURIComponent(heard.name)}`}>
          Send {heard.name} from here
        </Link>
      </>
    );
  }
  const job = jobs[0];
  if (job) {
    return (
      <>
        <p>None of your jobs listens for an event; start one by hand:</p>
        <Command text={`mainspring trigger ${job.id} ${quoted(JSON.stringify(firstValue((job.payload_schema ?? {}) as Schema) ?? {}))}`} />
        <Link className="button plain" href={`/jobs/${encodeURIComponent(job.id)}?tab=test`}>
          Start {job.name} from here
        </Link>
      </>
    );
  }
  return (
    <>
      <p>No worker has brought a job yet. Start one with an app of yours, or write one first:</p>
      <Command text="mainspring init shop && mainspring dev shop/app.py" />
    </>
  );
}
