-- name: next_to_lead
-- Of each singleton key that some runs had which ended, and that nobody leads now, the first that waits.
select {run:b} from runs b where b.id in (
  select (
    select i.id from runs i
    where i.environment_id = e.environment_id and i.job_id = e.job_id and i.singleton_key = e.singleton_key
      and i.slot = -1
    order by i.priority desc, i.id limit 1)
  from runs e where e.id in each(:ids) and e.singleton_key is not null and not exists (
    select 1 from runs l where l.environment_id = e.environment_id and l.job_id = e.job_id and l.singleton_key = e.singleton_key
      and l.singleton_key is not null and l.finished_at is null and l.slot <> -1))
order by b.id;
