// Slots drawn as slots: so many taken of so many.
const MOST_DRAWN = 24;

export function Slots({ taken, of, what }: { taken: number; of: number | null; what?: string }) {
  if (of === null)
    return (
      <>
        {taken.toLocaleString()} <span className="faint">no limit</span>
      </>
    );
  return (
    <span className="slots" title={`${what ? `${what}: ` : ""}${taken} of ${of} taken`}>
      {of <= MOST_DRAWN ? (
        Array.from({ length: of }, (_, at) => <i key={at} className={at < taken ? "taken" : ""} />)
      ) : (
        <meter className="meter" min={0} max={of} value={taken} aria-label={what ?? "Slots taken"} />
      )}
      {taken.toLocaleString()} of {of.toLocaleString()}
    </span>
  );
}
