interface Props {
  label: string;
  tabs: Record<string, string>;
  chosen: string;
  onChoose: (name: string) => void;
  /** The keys that lead to them. */
  hints?: Record<string, string>;
}

export function Tabs({ label, tabs, chosen, onChoose, hints }: Props) {
  const names = Object.keys(tabs);
  const step = (by: number) => onChoose(names[(names.indexOf(chosen) + by + names.length) % names.length] ?? chosen);
  return (
    <div className="tabs" role="tablist" aria-label={label}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === chosen}
          title={hints?.[name] && `${tabs[name]} · key ${hints[name]}`}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => onChoose(name)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") step(1);
            else if (event.key === "ArrowLeft") step(-1);
          }}
        >
          {tabs[name]}
        </button>
      ))}
    </div>
  );
}
