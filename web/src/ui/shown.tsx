// What people are shown to decide about: names and values, texts with their line breaks; no braces.
import { isRecord } from "../schema-form/schema";

export function Shown({ value }: { value: unknown }) {
  if (isRecord(value)) {
    return (
      <dl className="shown">
        {Object.entries(value).map(([name, each]) => (
          <div key={name}>
            <dt>{name.replaceAll("_", " ")}</dt>
            <dd>
              <Shown value={each} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="faint">none</span>;
    return (
      <ol className="shown">
        {value.map((each, at) => (
          <li key={`${at}/${value.length}`}>
            <Shown value={each} />
          </li>
        ))}
      </ol>
    );
  }
  if (value === null || value === undefined || value === "") return <span className="faint">–</span>;
  if (typeof value === "boolean") return <>{value ? "yes" : "no"}</>;
  return <span className="text">{String(value)}</span>;
}
