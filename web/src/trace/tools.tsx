// Above the rows: all of the run in a strip, what is looked for, and the buttons that do what the keys do.
import { Button } from "../ui/button";
import { Minimap } from "./minimap";
import type { Scale } from "./scale";
import type { Node } from "./spans";
import { isWhole, type View, WHOLE, zoomed } from "./view";

interface Props {
  nodes: Node[];
  scale: Scale;
  view: View;
  now: number;
  text: string;
  errorsOnly: boolean;
  hasErrors: boolean;
  /** Null: it is over. */
  follows: boolean | null;
  onView: (view: View) => void;
  onText: (text: string) => void;
  onErrorsOnly: (is: boolean) => void;
  onNextError: () => void;
  onToSelection: (() => void) | undefined;
  onFollow: () => void;
}

export function Tools(props: Props) {
  const { view, onView } = props;
  return (
    <div className="trace-tools">
      <Minimap nodes={props.nodes} scale={props.scale} view={view} now={props.now} onView={onView} />
      <input
        type="search"
        className="find"
        value={props.text}
        onChange={(event) => props.onText(event.target.value)}
        placeholder="Find a task"
        aria-label="Find a task"
        title="key /"
      />
      {props.hasErrors && (
        <>
          <Button kind="quiet" aria-pressed={props.errorsOnly} onClick={() => props.onErrorsOnly(!props.errorsOnly)}>
            Errors only
          </Button>
          <Button kind="quiet" hint="e" onClick={props.onNextError}>
            Next error
          </Button>
        </>
      )}
      {props.follows !== null && (
        <Button kind="quiet" hint="f" aria-pressed={props.follows} onClick={props.onFollow}>
          {props.follows ? "Following" : "Follow"}
        </Button>
      )}
      <span className="zoom">
        <Button kind="quiet" hint="+" aria-label="Zoom in" onClick={() => onView(zoomed(view, 0.5))}>
          +
        </Button>
        <Button kind="quiet" hint="-" aria-label="Zoom out" onClick={() => onView(zoomed(view, 2))}>
          −
        </Button>
        <Button kind="quiet" hint="z" title="Zoom to the row" disabled={!props.onToSelection} onClick={props.onToSelection}>
          Row
        </Button>
        <Button kind="quiet" hint="0" disabled={isWhole(view)} onClick={() => onView(WHOLE)}>
          All
        </Button>
      </span>
    </div>
  );
}
