// One field of a form, and those within it. What is typed becomes the value at once; whether it fits is the server's word.
import { useId, useState } from "react";
import { Button } from "../ui/button";
import { parse } from "../ui/json-field";
import { boundsOf, controlOf, firstValue, isRecord, resolved, type Schema, titleOf, variantOf, withoutNull } from "./schema";

/** Levels that have fields; what is deeper is written as JSON. */
const DEEPEST = 8;

export interface FieldProps {
  name: string;
  /** Dots between names and places: `lines.0.price`. */
  path: string;
  schema: Schema;
  root: Schema;
  value: unknown;
  isRequired: boolean;
  /** By path. */
  errors: Map<string, string>;
  /** Undefined: it is left out. */
  onChange: (value: unknown) => void;
}

export function Field(props: FieldProps) {
  const said = resolved(props.schema, props.root);
  const { schema, isNullable } = withoutNull(said);
  const inner = { ...props, schema: resolved(schema, props.root), isNullable };
  const control = controlOf(inner.schema);
  // What refers to itself would have fields without end.
  if (props.path.split(".").length > DEEPEST) return <Leaf {...inner} schema={{ title: inner.schema.title ?? props.name }} />;
  if (control.kind === "object") return <ObjectField {...inner} names={control.names} />;
  if (control.kind === "list") return <ListField {...inner} items={control.items} />;
  if (control.kind === "union") return <UnionField {...inner} variants={control.variants} by={control.by} />;
  return <Leaf {...inner} />;
}

type Inner = FieldProps & { isNullable: boolean };

function Leaf(props: Inner) {
  const { name, path, schema, isRequired, errors } = props;
  const id = useId();
  const error = errors.get(path);
  const hint = [schema.description, boundsOf(schema)].filter(Boolean).join(" · ");
  return (
    <div className="field">
      <label htmlFor={id}>
        {titleOf(schema, name)} {!isRequired && <span className="faint">optional</span>}
      </label>
      <Input {...props} id={id} describedBy={`${id}-hint ${id}-error`} isWrong={error !== undefined} />
      {hint && (
        <p id={`${id}-hint`} className="faint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="bad-text" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type InputProps = Inner & { id: string; describedBy: string; isWrong: boolean };

function Input({ id, describedBy, isWrong, schema, value, isRequired, isNullable, onChange }: InputProps) {
  const control = controlOf(schema);
  const common = { id, "aria-describedby": describedBy, "aria-invalid": isWrong, required: isRequired };
  const blank = isNullable ? null : undefined;
  if (control.kind === "choice" || (control.kind === "boolean" && !isRequired)) {
    const values = control.kind === "choice" ? control.values : [true, false];
    return (
      <select {...common} value={JSON.stringify(value) ?? ""} onChange={(event) => onChange(event.target.value ? JSON.parse(event.target.value) : blank)}>
        {(!isRequired || !values.some((each) => JSON.stringify(each) === JSON.stringify(value))) && <option value="">–</option>}
        {values.map((each) => (
          <option key={JSON.stringify(each)} value={JSON.stringify(each)}>
            {each === true ? "yes" : each === false ? "no" : String(each)}
          </option>
        ))}
      </select>
    );
  }
  if (control.kind === "boolean") {
    return <input {...common} required={false} type="checkbox" checked={value === true} onChange={(event) => onChange(event.target.checked)} />;
  }
  if (control.kind === "number") {
    return (
      <input
        {...common}
        type="number"
        step={schema.multipleOf ?? (control.isWhole ? 1 : "any")}
        min={schema.minimum}
        max={schema.maximum}
        value={typeof value === "number" || typeof value === "string" ? value : ""}
        onChange={(event) => onChange(event.target.value === "" ? blank : event.target.valueAsNumber)}
      />
    );
  }
  if (control.kind === "text") {
    const text = typeof value === "string" ? value : value == null ? "" : String(value);
    const change = (said: string) => onChange(said === "" && !isRequired ? blank : said);
    return control.isLong ? (
      <textarea {...common} rows={4} value={text} onChange={(event) => change(event.target.value)} />
    ) : (
      <input {...common} type={control.input} value={text} onChange={(event) => change(event.target.value)} />
    );
  }
  return <JsonInput id={id} describedBy={describedBy} value={value} onChange={onChange} blank={blank} />;
}

interface JsonInputProps {
  id: string;
  describedBy: string;
  value: unknown;
  blank: unknown;
  onChange: (value: unknown) => void;
}

function JsonInput({ id, describedBy, value, blank, onChange }: JsonInputProps) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const [fault, say] = useState<string | null>(null);
  const take = (typed: string) => {
    setText(typed);
    const { value: read, problem } = typed.trim() ? parse(typed) : { value: blank, problem: null };
    say(problem);
    if (!problem) onChange(read);
  };
  return (
    <>
      <textarea
        id={id}
        className="mono"
        rows={3}
        spellCheck={false}
        aria-describedby={describedBy}
        aria-invalid={fault !== null}
        value={text}
        onChange={(event) => take(event.target.value)}
      />
      {fault && <p className="bad-text">{fault}</p>}
    </>
  );
}

function Group({ props, children }: { props: Inner; children: React.ReactNode }) {
  const { name, path, schema, isRequired, isNullable, value, root, errors, onChange } = props;
  const isLeftOut = value === undefined || value === null;
  const error = errors.get(path);
  return (
    <fieldset className="group">
      <legend>
        {titleOf(schema, name)} {!isRequired && <span className="faint">optional</span>}
      </legend>
      {schema.description && <p className="faint">{schema.description}</p>}
      {isLeftOut && !isRequired ? (
        <Button onClick={() => onChange(firstValue(schema, root))}>Fill in</Button>
      ) : (
        <>
          {children}
          {!isRequired && (
            <Button kind="quiet" onClick={() => onChange(isNullable ? null : undefined)}>
              Leave out
            </Button>
          )}
        </>
      )}
      {error && (
        <p className="bad-text" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

function ObjectField({ names, ...props }: Inner & { names: string[] }) {
  const fields = <Fields {...props} names={names} />;
  // The whole of a form needs no frame of its own.
  return props.path === "" ? fields : <Group props={props}>{fields}</Group>;
}

function Fields({ names, ...props }: Inner & { names: string[] }) {
  const { schema, root, path, value, errors, onChange } = props;
  const kept = isRecord(value) ? value : {};
  return (
    <>
      {names.map((name) => (
        <Field
          key={name}
          name={name}
          path={path ? `${path}.${name}` : name}
          schema={schema.properties?.[name] ?? {}}
          root={root}
          value={kept[name]}
          isRequired={schema.required?.includes(name) ?? false}
          errors={errors}
          onChange={(changed) => {
            const { [name]: _, ...others } = kept;
            // In the schema's order, so that the JSON beside it does not jump about.
            const all = changed === undefined ? others : { ...others, [name]: changed };
            onChange(Object.fromEntries(Object.entries(all).sort(([a], [b]) => names.indexOf(a) - names.indexOf(b))));
          }}
        />
      ))}
    </>
  );
}

function ListField({ items, ...props }: Inner & { items: Schema }) {
  const { root, path, value, errors, onChange } = props;
  const kept = Array.isArray(value) ? value : [];
  return (
    <Group props={props}>
      {kept.map((each, at) => (
        <div className="item" key={`${at}/${kept.length}`}>
          <Field
            name={`${at + 1}`}
            path={path ? `${path}.${at}` : `${at}`}
            schema={items}
            root={root}
            value={each}
            isRequired
            errors={errors}
            onChange={(changed) => onChange(kept.map((one, place) => (place === at ? changed : one)))}
          />
          <Button kind="quiet" aria-label={`Remove ${at + 1}`} onClick={() => onChange(kept.filter((_, place) => place !== at))}>
            Remove
          </Button>
        </div>
      ))}
      <Button onClick={() => onChange([...kept, firstValue(items, root)])}>Add one</Button>
    </Group>
  );
}

function UnionField({ variants, by, ...props }: Inner & { variants: Schema[]; by: string | null }) {
  const { root, value, onChange } = props;
  const at = variantOf(value, variants, by, root);
  const chosen = resolved(variants[at] ?? {}, root);
  const id = useId();
  return (
    <Group props={props}>
      <div className="field">
        <label htmlFor={id}>Which</label>
        <select id={id} value={at} onChange={(event) => onChange(firstValue(variants[Number(event.target.value)] ?? {}, root))}>
          {variants.map((variant, place) => {
            const said = resolved(variant, root);
            return (
              <option key={titleOf(said, String(place))} value={place}>
                {said.title ?? String(said.const ?? said.type ?? place + 1)}
              </option>
            );
          })}
        </select>
      </div>
      {/* A choice within a choice, maybe of itself, has no end. */}
      {controlOf(chosen).kind === "union" ? (
        <Leaf {...props} schema={{ title: chosen.title ?? "Value" }} isRequired />
      ) : (
        <Field {...props} schema={{ ...chosen, title: chosen.title ?? "Value" }} isRequired />
      )}
    </Group>
  );
}
