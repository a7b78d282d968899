-- name: debounced_runs
-- Runs that are still put off by calls with their keys, held for a change.
select {run} from runs
where environment_id = :environment_id and job_id in each(:job_ids) and debounce_key in each(:keys)
  and debounce_key is not null and status = 'PENDING' and not is_ready and slot = 0 and lease = 0
order by id @lock;

-- name: joined_runs
-- Runs that calls joined, by the calls' own idempotency keys.
select c.idempotency_key, {run:r} from joined_calls c join runs r on r.id = c.run_id
where c.environment_id = :environment_id and c.job_id in each(:job_ids) and c.idempotency_key in each(:keys);

-- name: insert_joined_call
-- So that the call is known when it is sent again.
insert into joined_calls (environment_id, job_id, idempotency_key, run_id)
values (:environment_id, :job_id, :idempotency_key, :run_id) on conflict do nothing;

-- name: put_off_run
-- A call joined it: it starts later, with what the call brought if that is wanted.
update runs set payload = :payload, metadata = :metadata, max_attempts = :max_attempts,
  available_at = :available_at, expires_at = :expires_at, timer_at = :timer_at
where id = :id and (status = 'PENDING') is true and not is_ready and slot = 0 and lease = 0;
