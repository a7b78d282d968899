-- name: leading_runs
-- The runs that lead those with some singleton keys, held so that none ends meanwhile.
select {run} from runs
where environment_id = :environment_id and job_id in each(:job_ids) and singleton_key in each(:keys)
  and singleton_key is not null and finished_at is null and slot <> -1
order by id @lock;

-- name: runs_behind
-- The runs that wait until one with their singleton key has ended.
select id from runs
where environment_id = :environment_id and job_id = :job_id and singleton_key = :key and slot = -1
order by id limit :limit;

-- name: leader_of
-- Who leads the runs with a singleton key, and how many go before one that waits, counted up to a limit.
select (select id from runs
    where environment_id = :environment_id and job_id = :job_id and singleton_key = :key
      and singleton_key is not null and finished_at is null and slot <> -1),
  (select count(*) from (select 1 from runs
    where environment_id = :environment_id and job_id = :job_id and singleton_key = :key and slot = -1
      and (priority > :priority or (priority = :priority and id < :id)) limit :limit) before);

-- name: take_lead
-- The one before it has ended: it may start, is held where its queue has limits, or still has its delay.
update runs set timer_at = :timer_at, is_ready = :is_due and not exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = case when :is_due and exists (
    select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null) then 1 else 0 end
where id = :id and (slot = -1 and status = 'PENDING') is true;
