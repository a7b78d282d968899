-- The key comes first: looking up a thousand keys must not look like a way through all runs of a job.
drop index runs_by_idempotency_key;
create unique index runs_by_idempotency_key on runs (idempotency_key, job_id, environment_id)
  where idempotency_key is not null;
