// JSON as people read it: coloured, folded where it is long, never all of ten megabytes at once.
import { useState } from "react";
import { Button } from "./button";
import { Copy } from "./copy";
import { bytes, count } from "./format";

const SHOWN_CHARACTERS = 40_000;
const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

export function Json({ value, label = "JSON" }: { value: unknown; label?: string }) {
  const text = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value, null, 2) ?? "null");
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : text.slice(0, SHOWN_CHARACTERS);
  return (
    <div className="json">
      <Copy text={text} label={label} />
      <pre tabIndex={0} aria-label={label}>
        {text.length > 400_000 ? shown : coloured(shown)}
      </pre>
      {shown.length < text.length && (
        <Button onClick={() => setWhole(true)}>
          Show all {bytes(text.length)} ({count(text.split("\n").length, "line")})
        </Button>
      )}
    </div>
  );
}

function coloured(text: string) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [whole, string, colon, word] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    const kind = string ? (colon ? "key" : "text") : word ? "word" : "number";
    parts.push(
      <span key={match.index} className={`j-${kind}`}>
        {string ?? whole}
      </span>,
    );
    if (colon) parts.push(colon);
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
