// What starts by itself: in words, when next, how it went last; paused, run now, made up for; made at run time.
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { send, type Shape } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { At } from "../../ui/clock";
import { confirm } from "../../ui/confirm";
import { span } from "../../ui/format";
import { Menu } from "../../ui/menu";
import { Listed, Page, Pager } from "../../ui/page";
import { Empty } from "../../ui/said";
import { Status } from "../../ui/status";
import { attempt } from "../../ui/toast";
import { BackfillDialog } from "./backfill";
import { ScheduleForm } from "./form";
import { NextSlots } from "./slots";
import { inZone, isSame } from "./zone";
import "../../style/operate.css";

type Schedule = Shape<"ScheduleShape">;

const CODE = `@client.job(id="report", trigger=cron_trigger("0 9 * * MON-FRI", timezone="Europe/Paris"))
async def report(io): ...`;

export default function SchedulesPage() {
  const [search, setSearch] = useSearchParams();
  const cursor = search.get("cursor");
  const read = useRead("/api/v1/schedules", { limit: 100, cursor }, { every: 5_000 });
  const jobs = useRead("/api/v1/jobs", { limit: 200 });
  const known = dynamicOf(jobs.data?.data ?? []);
  const isMaking = search.get("new") !== null;
  return (
    <Page
      title="Schedules"
      actions={
        <Button kind="main" onClick={() => setSearch({ new: "" })}>
          Make a schedule
        </Button>
      }
    >
      <Listed
        read={read}
        empty={
          <Empty title="Here is what starts by itself, and when next. Nothing does yet.">
            <pre className="code">{CODE}</pre>
          </Empty>
        }
      >
        {(rows) => (
          <div className="sheet">
            <table className="list">
              <thead>
                <tr>
                  <th>When</th>
                  <th>Job</th>
                  <th>Next</th>
                  <th className="wide">If missed</th>
                  <th className="wide">If the last still runs</th>
                  <th>Last</th>
                  <th>
                    <span className="unseen">Do</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((each) => (
                  <Row key={each.id} schedule={each} known={known} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
      <Pager cursor={cursor} next={read.data?.next_cursor} onGo={(to) => setSearch(to ? { cursor: to } : {})} />
      {isMaking && <ScheduleForm schedule={null} known={known} onClose={() => setSearch({})} />}
    </Page>
  );
}

/** The dynamic schedules that jobs have as their triggers. */
function dynamicOf(jobs: Shape<"JobShape">[]): string[] {
  const found = jobs.flatMap((job) => job.triggers.map((trigger) => trigger.dynamic_schedule));
  return [...new Set(found.filter((each): each is string => Boolean(each)))];
}

const MISSED = { none: "left out", last: "the last is made up", all: "all are made up" };
const OVERLAP = { allow: "both run", skip: "left out", cancel: "cancels the earlier", queue: "comes after it" };

function Row({ schedule, known }: { schedule: Schedule; known: string[] }) {
  const [, go] = useLocation();
  const [open, show] = useState<"" | "form" | "backfill">("");
  const turn = async () => {
    const path = schedule.paused_at ? "/api/v1/schedules/{id}/resume" : "/api/v1/schedules/{id}/pause";
    await attempt(send("post", path, { id: schedule.id }), schedule.paused_at ? "It goes on" : "It is paused");
    refresh("/api/v1/schedules");
  };
  const runNow = async () => {
    const run = await attempt(send("post", "/api/v1/schedules/{id}/run", { id: schedule.id }), "A run has started");
    if (run) go(`/runs/${run.id}`);
  };
  const remove = async () => {
    const isSure = await confirm({ title: `Delete ${schedule.id}?`, body: "It starts nothing more. Its runs stay as they are.", does: "Delete it", isDanger: true });
    if (!isSure) return;
    await attempt(send("delete", "/api/v1/schedules/{id}", { id: schedule.id }), "It is deleted");
    refresh("/api/v1/schedules");
  };
  const own = schedule.dynamic_schedule
    ? [
        { does: "Change it", act: () => show("form") },
        { does: "Delete it", act: () => void remove(), isDanger: true },
      ]
    : [];
  return (
    <tr className={schedule.paused_at ? "off" : undefined}>
      <td className="main says">
        <strong>{schedule.description}</strong>
        <span className="note mono">{schedule.key ? schedule.id : (schedule.cron ?? `every ${span((schedule.every ?? 0) * 1_000)}`)}</span>
        {schedule.refusal && <span className="note bad-text">{schedule.refusal}</span>}
      </td>
      <td>{schedule.job_id ? <Link href={`/jobs/${encodeURIComponent(schedule.job_id)}`}>{schedule.job_id}</Link> : <span className="faint">no job has {schedule.dynamic_schedule}</span>}</td>
      <td>
        <Next schedule={schedule} />
      </td>
      <td className="wide faint">{MISSED[schedule.catch_up]}</td>
      <td className="wide faint">{OVERLAP[schedule.overlap]}</td>
      <td>
        {schedule.last_run ? (
          <Link href={`/runs/${schedule.last_run.id}`} title="The newest run that it started">
            <Status status={schedule.last_run.status} />
          </Link>
        ) : null}{" "}
        <At at={schedule.last_at} otherwise={schedule.last_run ? "" : "never"} />
      </td>
      <td className="does">
        <Button onClick={() => void runNow()}>Run now</Button>
        <Button kind="quiet" onClick={() => void turn()}>
          {schedule.paused_at ? "Resume" : "Pause"}
        </Button>
        <Menu label={`More of ${schedule.id}`} choices={[{ does: "Its runs", act: () => go(`/runs?q=${encodeURIComponent(`schedule:${schedule.id}`)}`) }, { does: "Make up for slots", act: () => show("backfill") }, ...own]} />
        {open === "form" && <ScheduleForm schedule={schedule} known={known} onClose={() => show("")} />}
        {open === "backfill" && <BackfillDialog schedule={schedule} onClose={() => show("")} />}
      </td>
    </tr>
  );
}

function Next({ schedule }: { schedule: Schedule }) {
  if (schedule.paused_at)
    return (
      <span className="warn-text">
        paused <At at={schedule.paused_at} />
      </span>
    );
  if (!schedule.next_at) return <span className="faint">never</span>;
  return (
    <details className="next">
      <summary>
        <At at={schedule.next_at} />
        <span className="note wide">
          {inZone(schedule.next_at, schedule.timezone)}
          {!isSame([schedule.next_at], schedule.timezone) && ` ${schedule.timezone}`}
        </span>
      </summary>
      <NextSlots slots={schedule.upcoming} zone={schedule.timezone} />
    </details>
  );
}
