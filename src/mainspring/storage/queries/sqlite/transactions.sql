-- name: begin_writing
-- The beginning of a batch, which keeps other writers out.
begin immediate;

-- name: begin_reading
-- The beginning of a look: one view from the first statement to the last.
begin;

-- name: commit
-- The end of a batch.
commit;
