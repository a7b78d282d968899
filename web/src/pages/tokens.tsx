// Tokens: what other programs are waited for, where they call, and their answer given by hand.
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { type Problem, send, type Shape } from "../api/client";
import { refresh, useRead } from "../api/query";
import { Button } from "../ui/button";
import { At } from "../ui/clock";
import { Copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Json } from "../ui/json";
import { JsonField, parse } from "../ui/json-field";
import { by } from "../ui/me";
import { Listed, Page, Pager } from "../ui/page";
import { Empty, Skeleton, Wrong } from "../ui/said";
import { Status } from "../ui/status";
import { toast } from "../ui/toast";
import "../style/operate.css";

type Token = Shape<"TokenShape">;
const CODE = `token = await io.create_token("transfer", timeout="1 hour")
await io.run_task("order", bank.order, token.url)
paid = await io.wait_for_token(token)`;
const STATUSES = ["WAITING", "COMPLETED", "EXPIRED", "ALL"];

export default function TokensPage() {
  const [search, setSearch] = useSearchParams();
  const status = search.get("status") ?? "WAITING";
  const cursor = search.get("cursor");
  const tag = search.get("tag");
  const open = search.get("token");
  const read = useRead("/api/v1/tokens", { status: status === "ALL" ? null : status, tag, cursor, limit: 50 }, { every: 3_000 });
  const set = (changes: Record<string, string | null>) =>
    setSearch((was) => {
      const now = new URLSearchParams(was);
      for (const [name, value] of Object.entries(changes)) value === null ? now.delete(name) : now.set(name, value);
      return now;
    });
  return (
    <Page
      title="Tokens"
      filter={
        <div className="chips" role="group" aria-label="Status">
          {STATUSES.map((each) => (
            <button key={each} type="button" aria-pressed={each === status} onClick={() => set({ status: each === "WAITING" ? null : each, cursor: null })}>
              {each.toLowerCase()}
            </button>
          ))}
          {tag && (
            <button type="button" aria-pressed onClick={() => set({ tag: null })} title="Of any tag">
              tag {tag} ×
            </button>
          )}
        </div>
      }
    >
      <Listed
        read={read}
        empty={
          <Empty title={status === "WAITING" ? "No callback is waited for now. A run hands out a URL and waits for it like this:" : "There is none like that."}>
            {status === "WAITING" && <pre className="code">{CODE}</pre>}
          </Empty>
        }
      >
        {(rows) => <TokensTable rows={rows} onOpen={(id) => set({ token: id })} onTag={(each) => set({ tag: each, cursor: null })} />}
      </Listed>
      <Pager cursor={cursor} next={read.data?.next_cursor} onGo={(to) => set({ cursor: to })} />
      {open && <TokenDialog id={open} onClose={() => set({ token: null })} />}
    </Page>
  );
}

function TokensTable({ rows, onOpen, onTag }: { rows: Token[]; onOpen: (id: string) => void; onTag: (tag: string) => void }) {
  return (
    <div className="sheet">
      <table className="list">
        <thead>
          <tr>
            <th>Status</th>
            <th>Token</th>
            <th className="wide">Run</th>
            <th className="wide">Tags</th>
            <th className="number">Made</th>
            <th className="number">Until</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((token) => (
            <tr key={token.id}>
              <td>
                <Status status={token.status} />
              </td>
              <td className="main">
                <button type="button" className="link" onClick={() => onOpen(token.id)}>
                  {token.task ?? token.id}
                </button>
                <span className="note">{cameBy(token)}</span>
              </td>
              <td className="wide mono">{token.run_id ? <Link href={`/runs/${token.run_id}`}>…{token.run_id.slice(-6)}</Link> : <span className="faint">made outside of runs</span>}</td>
              <td className="wide">
                {token.tags.map((each) => (
                  <button type="button" key={each} className="tag" onClick={() => onTag(each)}>
                    {each}
                  </button>
                ))}
              </td>
              <td className="number">
                <At at={token.created_at} />
              </td>
              <td className="number">
                <At at={token.completed_at ?? token.expires_at} otherwise="no limit" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cameBy(token: Token): string {
  if (token.status === "EXPIRED") return "nobody called in time";
  if (token.status === "WAITING") return "not called yet";
  const from = token.completed_from ? ` from ${token.completed_from}` : "";
  return token.completed_via === "url" ? `called${from}` : `completed ${token.completed_by ? `by ${token.completed_by}` : "with a key"}${from}`;
}

function TokenDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const read = useRead("/api/v1/tokens/{id}", { id }, { every: 3_000 });
  const token = read.data;
  return (
    <Dialog title={token?.task ?? "Token"} onClose={onClose}>
      {!token ? (
        read.problem ? (
          <Wrong problem={read.problem} />
        ) : (
          <Skeleton rows={4} />
        )
      ) : (
        <>
          <p className="row-of">
            <Status status={token.status} /> <span className="faint">{cameBy(token)}</span>
            {token.run_id && <Link href={`/runs/${token.run_id}`}>its run</Link>}
          </p>
          <p className="mono faint">
            {token.id} <Copy text={token.id} label="the id" />
          </p>
          {token.status === "WAITING" &&
            (token.url ? (
              <p className="callback mono">
                {token.url} <Copy text={token.url} label="the URL" />
              </p>
            ) : (
              <p className="faint">Its URL is known to {token.run_id ? "its run alone" : "whoever made it"}: one POST of JSON there completes it.</p>
            ))}
          {token.status === "COMPLETED" && <Json value={token.output} label="output" />}
          {token.status === "WAITING" && <Complete token={token} onDone={onClose} />}
        </>
      )}
    </Dialog>
  );
}

function Complete({ token, onDone }: { token: Token; onDone: () => void }) {
  const [output, setOutput] = useState(() => parse("{}"));
  const [problem, setProblem] = useState<Problem | null>(null);
  const complete = async () => {
    if (output.problem) return;
    try {
      await send("post", "/api/v1/tokens/{id}/complete", { id: token.id }, { output: output.value, ...by() });
      toast("It is completed: who waited for it goes on");
      refresh("/api/v1/tokens");
      onDone();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void complete();
      }}
    >
      <JsonField label="Complete it with" parsed={output} onChange={setOutput} onSubmit={() => void complete()} />
      {problem && <Wrong problem={problem} />}
      <Button kind="main" type="submit" hint="⌘↵" disabled={Boolean(output.problem)}>
        Complete it
      </Button>
    </form>
  );
}
