// How many runs workers may hold at once in the whole environment: shown, and set.
import { useState } from "react";
import { type Problem, send } from "../../api/client";
import { refresh, useRead } from "../../api/query";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Wrong } from "../../ui/said";
import { toast } from "../../ui/toast";

export function EnvironmentLimit() {
  const read = useRead("/api/v1/limit", {}, { every: 5_000 });
  const [isOpen, open] = useState(false);
  if (!read.data) return null;
  const { running, max_running: limit } = read.data;
  return (
    <>
      <Button kind="quiet" title="How many runs workers may hold at once, in all queues" onClick={() => open(true)}>
        {running.toLocaleString()} running, {limit === null ? "no limit of all" : `at most ${limit.toLocaleString()}`}
      </Button>
      {isOpen && <LimitDialog limit={limit} onClose={() => open(false)} />}
    </>
  );
}

function LimitDialog({ limit, onClose }: { limit: number | null; onClose: () => void }) {
  const [text, setText] = useState(limit === null ? "" : String(limit));
  const [problem, setProblem] = useState<Problem | null>(null);
  const save = async () => {
    try {
      await send("put", "/api/v1/limit", {}, { max_running: text.trim() === "" ? null : Number(text) });
      refresh("/api/v1/limit");
      toast(text.trim() === "" ? "There is no limit of all any more" : `At most ${text} runs at once`);
      onClose();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Dialog kind="small" title="Runs at once, of all queues" onClose={onClose}>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label className="field">
          <span>At most, empty for no limit</span>
          <input inputMode="numeric" value={text} onChange={(event) => setText(event.target.value)} autoComplete="off" />
        </label>
        <p className="faint">Over it nothing more starts; what runs goes on.</p>
        {problem && <Wrong problem={problem} />}
        <div className="row-of ends">
          <Button onClick={onClose}>Leave it</Button>
          <Button kind="main" type="submit">
            Set it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
