// A list that only grows at its end (the history): read in pages, and on from where it ended.
import { useEffect, useRef, useState } from "react";
import { get, type GetAnswer, type Params } from "../../api/client";

type GrowingPath = "/api/v1/runs/{id}/history";
type Line<Path extends GrowingPath> = GetAnswer<Path>["data"][number];

const PAGE = 200;
const PAGES_AT_ONCE = 25;

export function useGrowing<Path extends GrowingPath>(path: Path, params: Params, beat: number) {
  const key = JSON.stringify([path, params]);
  const [lines, setLines] = useState<Line<Path>[]>([]);
  const [isRead, setRead] = useState(false);
  const [hasMore, setMore] = useState(false);
  const place = useRef<{ key: string; cursor: string | null; isReading: boolean }>({ key: "", cursor: null, isReading: false });

  const read = async (mine: typeof place.current) => {
    mine.isReading = true;
    for (let page = 0; page < PAGES_AT_ONCE; page++) {
      const answer = await get(path, { ...params, cursor: mine.cursor, limit: PAGE }).catch(() => null);
      if (place.current !== mine || !answer) break;
      mine.cursor = answer.next_cursor ?? mine.cursor;
      const found = answer.data as Line<Path>[];
      if (found.length) setLines((was) => [...was, ...found]);
      setMore(found.length === PAGE);
      if (found.length < PAGE) break;
    }
    mine.isReading = false;
    if (place.current === mine) setRead(true);
  };

  useEffect(() => {
    if (place.current.key !== key) {
      place.current = { key, cursor: null, isReading: false };
      setLines([]);
      setRead(false);
    }
    if (!place.current.isReading) void read(place.current);
  }, [key, beat]);

  return { lines, isRead, hasMore, more: () => void read(place.current) };
}
