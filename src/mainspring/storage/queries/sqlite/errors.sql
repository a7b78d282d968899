-- name: mark_error
-- The same, many at once.
with r (id, error_id) as (values (:id, :error_id))
update runs set error_id = r.error_id from r where runs.id = r.id;
