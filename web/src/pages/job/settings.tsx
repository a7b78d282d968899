// What a job's code and its worker said of how its runs are to go: facts, in words.
import { Link } from "wouter";
import type { ReactNode } from "react";
import { At } from "../../ui/clock";
import { span } from "../../ui/format";
import type { Job } from "../jobs";

export function Settings({ job }: { job: Job }) {
  const queue = job.queue ?? job.id;
  const facts: [string, ReactNode][] = [
    ["Starts", job.trigger],
    ["Next run", <At at={job.next_run_at} otherwise="no schedule starts it" />],
    ["Queue", <Link href={`/queues?queue=${encodeURIComponent(queue)}`}>{queue}</Link>],
    ["At once", job.concurrency === null ? "any number of runs" : `${job.concurrency} at most`],
    ["Starts at most", job.rate_limit ?? "no limit"],
    ["Attempts", retried(job.retry)],
    ["May run for", job.max_duration === null ? "any time" : seconds(job.max_duration)],
    ["Must start within", job.ttl === null ? "any time" : seconds(job.ttl)],
    ["Versions", job.pin_version ? "a run ends on the version on which it began" : "a run goes on with the newest code"],
    ["Hooks", job.hooks.join(", ") || "none"],
    ["Tags of its runs", job.tags.join(", ") || "none"],
    ["Logs from level", job.log_level ?? "as the worker is set"],
  ];
  return (
    <dl className="settings">
      {facts.map(([name, said]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{said}</dd>
        </div>
      ))}
    </dl>
  );
}

const seconds = (length: number): string => span(length * 1_000);

function retried({ max_attempts, min_delay, max_delay, factor, jitter }: Job["retry"]): string {
  if (max_attempts <= 1) return "one: a run that fails is not tried again";
  const grows = factor === 1 ? `${seconds(min_delay)} apart` : `first after ${seconds(min_delay)}, then ${factor} times as long, ${seconds(max_delay)} at most`;
  return `${max_attempts}: ${grows}${jitter ? ", and some chance in it" : ""}`;
}
