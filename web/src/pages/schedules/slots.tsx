// The next slots of a schedule: by the clock of its zone, and by the one here where they differ.
import { inZone, isSame, jumpBefore, MINE } from "./zone";

export function NextSlots({ slots, zone }: { slots: string[]; zone: string }) {
  if (!slots.length) return <p className="faint">It has no slot to come.</p>;
  const alike = isSame(slots, zone);
  return (
    <table className="slots-list">
      <thead>
        <tr>
          <th>{zone}</th>
          {!alike && <th>Here ({MINE})</th>}
        </tr>
      </thead>
      <tbody>
        {slots.map((at, row) => {
          const jump = jumpBefore(at, slots[row - 1], zone);
          return (
            <tr key={at}>
              <td>
                {inZone(at, zone)}
                {jump && <span className="note warn-text">{jump}</span>}
              </td>
              {!alike && <td className="faint">{inZone(at, MINE)}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
