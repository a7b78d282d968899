// How the list of runs looks: views with names, which columns, how high its rows are.
import { useState } from "react";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Menu } from "../../ui/menu";
import { type Rows, setRows, useRows } from "../../ui/rows";
import { toast } from "../../ui/toast";
import { COLUMNS, type Column, isPayloads, USUAL } from "./columns";
import { forgetView, keepView, useViews } from "./views";

interface Props {
  columns: Column[];
  /** What of the address is the view that is shown. */
  view: string;
  onView: (search: string) => void;
  onColumns: (ids: string[] | null) => void;
}

export function Look({ columns, view, onView, onColumns }: Props) {
  const views = useViews();
  const [open, show] = useState<"columns" | "name" | null>(null);
  const present = views.find((each) => each.search === view);
  return (
    <>
      <Menu
        label="How the list looks"
        choices={[
          ...views.map((each) => ({ does: each.name, act: () => onView(each.search), isOff: each === present })),
          present
            ? { does: `Forget ‘${present.name}’`, act: () => forgetView(present.name), isDanger: true }
            : { does: "Keep this view …", act: () => show("name"), isOff: view === "" },
          { does: "Columns and rows …", act: () => show("columns") },
        ]}
      >
        {present?.name ?? "View"}
      </Menu>
      {open === "name" && <NameDialog view={view} onClose={() => show(null)} />}
      {open === "columns" && <ColumnsDialog columns={columns} onColumns={onColumns} onClose={() => show(null)} />}
    </>
  );
}

function NameDialog({ view, onClose }: { view: string; onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <Dialog kind="small" title="Keep this view" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!name.trim()) return;
          keepView({ name: name.trim(), search: view });
          toast(`Kept as ${name.trim()}`);
          onClose();
        }}
      >
        <label className="field">
          Name
          <input value={name} maxLength={60} autoComplete="off" placeholder="Failed imports" onChange={({ target }) => setName(target.value)} />
        </label>
        <p className="faint">The filter and its columns, in this browser. To share it, send the address of the page.</p>
        <Button kind="main" type="submit" disabled={!name.trim()}>
          Keep it
        </Button>
      </form>
    </Dialog>
  );
}

function ColumnsDialog({ columns, onColumns, onClose }: { columns: Column[]; onColumns: Props["onColumns"]; onClose: () => void }) {
  const [path, setPath] = useState("");
  const rows = useRows();
  const shown = columns.map((column) => column.id);
  const all = [...COLUMNS, ...columns.filter(isPayloads)];
  const turn = (id: string) => onColumns(shown.includes(id) ? shown.filter((each) => each !== id) : inOrder([...shown, id]));
  const add = () => {
    const named = path.trim().replace(/^payload\./, "");
    if (named) onColumns(inOrder([...shown, `payload.${named}`]));
    setPath("");
  };
  return (
    <Dialog kind="small" title="Columns and rows" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <fieldset className="choices">
          <legend>Columns</legend>
          {all.map((column) => (
            <label key={column.id}>
              <input type="checkbox" checked={shown.includes(column.id)} onChange={() => turn(column.id)} /> {column.title}
            </label>
          ))}
        </fieldset>
        <label className="field">
          A value of the payload
          <span className="row-of">
            <input value={path} placeholder="order_id or customer.email" autoComplete="off" spellCheck={false} onChange={({ target }) => setPath(target.value)} />
            <Button type="submit" disabled={!path.trim()}>
              Add
            </Button>
          </span>
        </label>
        <fieldset className="choices">
          <legend>Rows of all tables</legend>
          {(["comfortable", "compact"] satisfies Rows[]).map((each) => (
            <label key={each}>
              <input type="radio" name="rows" checked={rows === each} onChange={() => setRows(each)} /> {each}
            </label>
          ))}
        </fieldset>
        <Button kind="quiet" onClick={() => onColumns(null)}>
          The usual columns
        </Button>
      </form>
    </Dialog>
  );
}

/** As they stand in the list of all; those of the payload before the times. */
function inOrder(ids: string[]): string[] {
  const places = COLUMNS.map((column) => column.id);
  const place = (id: string) => (places.includes(id) ? places.indexOf(id) : places.indexOf("took") - 0.5);
  return [...new Set(ids)].sort((a, b) => place(a) - place(b));
}

/** As the address says it; null for the usual ones. */
export const columnsText = (ids: string[] | null): string | null => (ids === null || ids.join() === USUAL.join() ? null : ids.join());
