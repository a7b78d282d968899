-- name: begin_writing
-- The beginning of a batch: each statement sees what was committed before it.
begin isolation level read committed read write;

-- name: write_beside_others
-- What all servers go by (which queues are governed) stays as it is while anybody writes: nothing waits for this.
select pg_advisory_xact_lock_shared(7305128476120002);

-- name: write_alone
-- A batch that changes it comes after all that had begun, and before all that begin.
select pg_advisory_xact_lock(7305128476120002);

-- name: begin_reading
-- The beginning of a look: one view from the first statement to the last.
begin isolation level repeatable read read only;

-- name: commit
-- The end of both.
commit;

-- name: discard_plans
-- What was planned before is planned again when it is next sent.
discard plans;
