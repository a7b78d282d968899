interface Props {
  label: string;
  tabs: Record<string, string>;
  chosen: string;
  onChoose: (name: string) => void;
}

export function Tabs({ label, tabs, chosen, onChoose }: Props) {
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
