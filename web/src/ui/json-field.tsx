// JSON typed by hand, checked as it is typed: what is wrong, and where.
import { useId } from "react";
import { faultOf } from "./json-text";

export interface Parsed {
  text: string;
  value: unknown;
  problem: string | null;
}

export function parse(text: string): Parsed {
  try {
    return { text, value: JSON.parse(text), problem: null };
  } catch {
    return { text, value: undefined, problem: faultOf(text) };
  }
}

interface Props {
  label: string;
  parsed: Parsed;
  onChange: (parsed: Parsed) => void;
  onSubmit: () => void;
}

export function JsonField({ label, parsed, onChange, onSubmit }: Props) {
  const id = useId();
  const rows = Math.min(24, Math.max(6, parsed.text.split("\n").length + 1));
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="mono"
        rows={rows}
        spellCheck={false}
        value={parsed.text}
        aria-invalid={parsed.problem !== null}
        aria-describedby={`${id}-said`}
        onChange={(event) => onChange(parse(event.target.value))}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
            event.preventDefault();
            onSubmit();
          }
        }}
      />
      <p id={`${id}-said`} className="bad-text" role="alert">
        {parsed.problem}
      </p>
    </div>
  );
}
