-- name: insert_start_rate
-- A key that has used up nothing yet, so that it can be held.
insert into start_rates (environment_id, job_id, key, spent_until) values (:environment_id, :job_id, :key, 0)
on conflict do nothing;

-- name: start_rate_to_change
-- How much of its rate a key has used up, held until the batch commits.
select spent_until from start_rates where environment_id = :environment_id and job_id = :job_id and key = :key @lock;

-- name: save_start_rate
-- It has used up more.
insert into start_rates (environment_id, job_id, key, spent_until) values (:environment_id, :job_id, :key, :spent_until)
on conflict (environment_id, job_id, key) do update set spent_until = excluded.spent_until;

-- name: forget_start_rates
-- Some keys of a job that are as good as new.
delete from start_rates where environment_id = :environment_id and job_id = :job_id and key in (
  select key from start_rates
  where environment_id = :environment_id and job_id = :job_id and spent_until <= :now limit :limit @skip_locked);
