// A value filled in by fields, or as JSON: two sides of one thing, always the same.
import { Component, type ReactNode, useMemo, useState } from "react";
import { JsonField, type Parsed } from "../ui/json-field";
import { Tabs } from "../ui/tabs";
import { Field } from "./field";
import { controlOf, resolved, type Schema, withoutNull } from "./schema";

interface Props {
  label: string;
  /** Null: any JSON will do. */
  schema: unknown;
  parsed: Parsed;
  errors: { path: string; message: string }[];
  onChange: (parsed: Parsed) => void;
  onSubmit: () => void;
}

export const parsedOf = (value: unknown): Parsed => ({ text: JSON.stringify(value, null, 2) ?? "null", value, problem: null });

/** A schema that no form can be made of is no reason to fail: its value is written as JSON. */
class Calm extends Component<{ otherwise: ReactNode; children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    return this.state.isBroken ? this.props.otherwise : this.props.children;
  }
}

export function SchemaForm({ label, schema, parsed, errors, onChange, onSubmit }: Props) {
  const root = (schema ?? {}) as Schema;
  const hasFields = useMemo(() => controlOf(withoutNull(resolved(root, root)).schema).kind !== "json", [root]);
  const [side, show] = useState(hasFields ? "form" : "json");
  const byPath = useMemo(() => new Map(errors.map((each) => [each.path, each.message])), [errors]);
  const json = <JsonField label={label} parsed={parsed} onChange={onChange} onSubmit={onSubmit} />;
  if (!hasFields) return json;
  return (
    <div className="schema-form">
      <Tabs label={`${label}, as`} tabs={{ form: "Form", json: "JSON" }} chosen={side} onChoose={show} />
      {side === "json" || parsed.problem ? (
        json
      ) : (
        <Calm otherwise={json}>
          <Field name={label} path="" schema={root} root={root} value={parsed.value} isRequired errors={byPath} onChange={(value) => onChange(parsedOf(value))} />
        </Calm>
      )}
    </div>
  );
}
