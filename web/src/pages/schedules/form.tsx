// A schedule made at run time: for which job's dynamic schedule, when, in which zone, with what. Its next slots are
// the server's, before anything is saved.
import { useDeferredValue, useState } from "react";
import { type Problem, send, type Shape } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { JsonField, parse } from "../../ui/json-field";
import { Wrong } from "../../ui/said";
import { toast } from "../../ui/toast";
import { NextSlots } from "./slots";
import { MINE } from "./zone";

type Schedule = Shape<"ScheduleShape">;

const ZONES = Intl.supportedValuesOf("timeZone");

export function ScheduleForm({ schedule, known, onClose }: { schedule: Schedule | null; known: string[]; onClose: () => void }) {
  const [of, setOf] = useState(schedule?.dynamic_schedule ?? known[0] ?? "");
  const [key, setKey] = useState(schedule?.key ?? "");
  const [kind, setKind] = useState<"cron" | "interval">(schedule?.kind ?? "cron");
  const [cron, setCron] = useState(schedule?.cron ?? "0 9 * * MON-FRI");
  const [every, setEvery] = useState(schedule?.every ? `${schedule.every} seconds` : "15 minutes");
  const [zone, setZone] = useState(schedule?.timezone ?? MINE);
  const [catchUp, setCatchUp] = useState(schedule?.catch_up ?? "none");
  const [overlap, setOverlap] = useState(schedule?.overlap ?? "allow");
  const [metadata, setMetadata] = useState(() => parse(JSON.stringify(schedule?.metadata ?? {}, null, 2)));
  const [problem, setProblem] = useState<Problem | null>(null);
  const times = kind === "cron" ? { cron, timezone: zone } : { every };
  const save = async () => {
    if (metadata.problem) return;
    try {
      const body = { dynamic_schedule: of, key, ...times, catch_up: catchUp, overlap, metadata: metadata.value, external_id: schedule?.external_id ?? null };
      await send("post", "/api/v1/schedules", {}, body);
      refresh("/api/v1/schedules");
      toast(schedule ? "The schedule is changed" : "The schedule counts from now on");
      onClose();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Dialog title={schedule ? `Change ${schedule.id}` : "Make a schedule"} onClose={onClose}>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <div className="pair">
          <label className="field">
            <span>Dynamic schedule, which a job has as its trigger</span>
            <input list="dynamic-schedules" value={of} disabled={schedule !== null} onChange={(event) => setOf(event.target.value)} autoComplete="off" placeholder="reports" />
            <datalist id="dynamic-schedules">
              {known.map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          </label>
          <label className="field">
            <span>Key, unique in it</span>
            <input value={key} disabled={schedule !== null} onChange={(event) => setKey(event.target.value)} autoComplete="off" placeholder="acme" />
          </label>
        </div>
        <div className="chips" role="group" aria-label="Kind">
          <button type="button" aria-pressed={kind === "cron"} onClick={() => setKind("cron")}>
            cron
          </button>
          <button type="button" aria-pressed={kind === "interval"} onClick={() => setKind("interval")}>
            every so often
          </button>
        </div>
        {kind === "cron" ? (
          <div className="pair">
            <label className="field">
              <span>Cron</span>
              <input className="mono" value={cron} onChange={(event) => setCron(event.target.value)} autoComplete="off" spellCheck={false} />
            </label>
            <label className="field">
              <span>Timezone</span>
              <input list="zones" value={zone} onChange={(event) => setZone(event.target.value)} autoComplete="off" />
              <datalist id="zones">
                {["UTC", ...ZONES].map((each) => (
                  <option key={each} value={each} />
                ))}
              </datalist>
            </label>
          </div>
        ) : (
          <label className="field">
            <span>Every</span>
            <input value={every} onChange={(event) => setEvery(event.target.value)} autoComplete="off" />
          </label>
        )}
        <Preview {...times} />
        <div className="pair">
          <label className="field">
            <span>Slots that were missed</span>
            <select value={catchUp} onChange={(event) => setCatchUp(event.target.value as Schedule["catch_up"])}>
              <option value="none">are left out</option>
              <option value="last">the last one runs</option>
              <option value="all">all of them run</option>
            </select>
          </label>
          <label className="field">
            <span>While an earlier run is under way</span>
            <select value={overlap} onChange={(event) => setOverlap(event.target.value as Schedule["overlap"])}>
              <option value="allow">it runs beside it</option>
              <option value="skip">the slot is skipped</option>
              <option value="queue">it waits for it</option>
              <option value="cancel">the earlier run is cancelled</option>
            </select>
          </label>
        </div>
        <JsonField label="Metadata, which each run is given" parsed={metadata} onChange={setMetadata} onSubmit={() => void save()} />
        {problem && <Wrong problem={problem} />}
        <Button kind="main" type="submit" disabled={!of || !key || Boolean(metadata.problem)}>
          {schedule ? "Change it" : "Make it"}
        </Button>
      </form>
    </Dialog>
  );
}

function Preview(asked: { cron?: string; timezone?: string; every?: string }) {
  const { cron, timezone, every } = useDeferredValue(asked);
  const read = useRead(cron || every ? "/api/v1/schedules/preview" : null, { cron, timezone, every });
  return (
    <section className="preview" aria-label="Next slots" aria-live="polite">
      {read.problem ? (
        <p className="bad-text">{read.problem.message}</p>
      ) : (
        read.data && (
          <>
            <p>{read.data.description}</p>
            <NextSlots slots={read.data.upcoming} zone={read.data.timezone} />
          </>
        )
      )}
    </section>
  );
}
