-- name: history_edge
-- The newest sequence, and the transactions under way: (oldest, next). Older sequences may be committed later.
select coalesce(max(sequence), 0), pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint from history;
