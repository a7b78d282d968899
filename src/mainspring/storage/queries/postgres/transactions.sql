-- name: begin_writing
-- The beginning of a batch: each statement sees what was committed before it.
begin isolation level read committed read write;

-- name: begin_reading
-- The beginning of a look: one view from the first statement to the last.
begin isolation level repeatable read read only;

-- name: commit
-- The end of both.
commit;

-- name: discard_plans
-- What was planned before is planned again when it is next sent.
discard plans;
