-- name: begin_writing
-- The beginning of a batch, which keeps other writers out.
begin immediate;

-- name: write_beside_others
-- There is one writer.
select 1 where false;

-- name: write_alone
-- The same.
select 1 where false;

-- name: begin_reading
-- The beginning of a look: one view from the first statement to the last.
begin;

-- name: commit
-- The end of a batch.
commit;

-- name: discard_plans
-- Plans follow from the indexes here, not from how large a table was: they stay right.
select 1 where false;
