// Runs for the slots of a past range that have none.
import { useState } from "react";
import { type Problem, send, type Shape } from "../../api/client";
import { refresh } from "../../api/query";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { count } from "../../ui/format";
import { Wrong } from "../../ui/said";
import { toast } from "../../ui/toast";

const DAY_MS = 86_400_000;
/** What a field of a date and time takes, by the clock here. */
const fieldOf = (at: number) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export function BackfillDialog({ schedule, onClose }: { schedule: Shape<"ScheduleShape">; onClose: () => void }) {
  const [since, setSince] = useState(() => fieldOf(Date.now() - DAY_MS));
  const [until, setUntil] = useState(() => fieldOf(Date.now()));
  const [problem, setProblem] = useState<Problem | null>(null);
  const start = async () => {
    try {
      const range = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
      const done = await send("post", "/api/v1/schedules/{id}/backfill", { id: schedule.id }, range);
      const fresh = done.data.filter((each) => each.is_new).length;
      toast(done.data.length ? `${count(fresh, "run")} started; ${done.data.length - fresh} had run already` : "There is no slot in that range");
      refresh("/api/v1/schedules");
      onClose();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Dialog kind="small" title={`Make up for slots of ${schedule.id}`} onClose={onClose}>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <p className="faint">Each slot of the range that started no run starts one now; the others stay as they are.</p>
        <label className="field">
          <span>From</span>
          <input type="datetime-local" value={since} onChange={(event) => setSince(event.target.value)} />
        </label>
        <label className="field">
          <span>To</span>
          <input type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
        </label>
        {problem && <Wrong problem={problem} />}
        <Button kind="main" type="submit" disabled={!since || !until}>
          Start the runs
        </Button>
      </form>
    </Dialog>
  );
}
