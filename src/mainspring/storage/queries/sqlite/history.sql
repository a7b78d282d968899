-- name: history_edge
-- The newest sequence, and the transactions under way: (oldest, next). There is one writer, so there are none.
select coalesce(max(sequence), 0), 0, 0 from history;
