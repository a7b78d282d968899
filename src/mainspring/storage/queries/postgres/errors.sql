-- name: mark_error
-- The same, many at once.
update runs set error_id = r.error_id from rows(:id text, :error_id text) where runs.id = r.id;
