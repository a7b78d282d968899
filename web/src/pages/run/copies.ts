// A run as text to take elsewhere: its address, a call that starts the same, a test of it.
import { BASE } from "../../api/client";
import type { Run } from "./live";

export const linkOf = (run: Run): string => `${location.origin}${BASE}/runs/${run.id}`;

export function curlOf(run: Run): string {
  const body = JSON.stringify({ payload: run.payload }).replaceAll("'", "'\\''");
  const url = `${location.origin}${BASE}/api/v1/jobs/${encodeURIComponent(run.job_id)}/trigger`;
  return `curl -X POST '${url}' -H "Authorization: Bearer $MAINSPRING_API_KEY" -H 'Content-Type: application/json' -d '${body}'`;
}

/** A test with the fixture of `mainspring.testing`: the same job, the same payload, the same end. */
export function pytestOf(run: Run): string {
  const name = run.job_id.replace(/\W+/g, "_").toLowerCase();
  const lines = [
    "import pytest",
    "from app import client  # where your Client is",
    "",
    "",
    "@pytest.mark.asyncio",
    `async def test_${name}(mainspring):`,
    "    mainspring.use(client)",
    `    run = await mainspring.trigger(${python(run.job_id)}, ${python(run.payload)})`,
  ];
  if (run.finished_at === null) lines.push("    assert run.error is None");
  else {
    lines.push(`    assert run.status == ${python(run.status)}`);
    if (run.status === "SUCCESS") lines.push(`    assert run.output == ${python(run.output)}`);
    else if (run.error) lines.push(`    assert run.error.message == ${python(run.error.message)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** JSON as Python writes it. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, each]) => `${python(name)}: ${python(each)}`)
      .join(", ")}}`;
  }
  // What JSON escapes in a text, Python reads the same; but for half of a pair, which JSON.stringify writes as \uD800.
  return JSON.stringify(value);
}
