-- name: audit_runs
-- A page of runs as they stand, without what they carry, by id.
select id, environment_id, job_id, status, event_id, parent_run_id, attempt, lease, worker_id, is_ready, timer_at,
  available_at, deadline_at, heard_from, finished_at, cancel_requested_at, output is not null, failure is not null, slot,
  exists (select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = -1 and not exists (select 1 from runs l
    where l.environment_id = runs.environment_id and l.job_id = runs.job_id and l.singleton_key = runs.singleton_key
      and l.singleton_key is not null and l.finished_at is null and l.slot <> -1)
from runs where id > :after order by id limit :limit;

-- name: audit_some_runs
-- The same of some runs by name.
select id, environment_id, job_id, status, event_id, parent_run_id, attempt, lease, worker_id, is_ready, timer_at,
  available_at, deadline_at, heard_from, finished_at, cancel_requested_at, output is not null, failure is not null, slot,
  exists (select 1 from queues q
    where q.environment_id = runs.environment_id and q.name = runs.queue and q.governed_at is not null),
  slot = -1 and not exists (select 1 from runs l
    where l.environment_id = runs.environment_id and l.job_id = runs.job_id and l.singleton_key = runs.singleton_key
      and l.singleton_key is not null and l.finished_at is null and l.slot <> -1)
from runs where id in each(:ids) order by id;

-- name: audit_weights
-- How long the accounts of a stretch of runs are, so that no page is too large for memory.
select run_id, count(*) from history where run_id > :after and run_id <= :until group by run_id;

-- name: audit_tasks
-- The tasks of a stretch of runs, those without a run among them.
select run_id, environment_id, key, kind, status, attempt, position, event_id, finished_at, output is not null,
  failure is not null, kept_from
from tasks where run_id > :after and run_id <= :until order by run_id, key;

-- name: audit_misfits
-- The tasks of a stretch of runs that were kept from another run, where they are not there, or are otherwise.
select t.run_id, t.key from tasks t join runs r on r.id = t.kept_from
left join tasks k on k.run_id = t.kept_from and k.key = t.key
where t.run_id > :after and t.run_id <= :until and (k.key is null or r.environment_id <> t.environment_id
  or k.kind <> t.kind or k.status <> t.status or coalesce(k.output, '') <> coalesce(t.output, '')
  or coalesce(k.failure, '') <> coalesce(t.failure, ''));

-- name: audit_waits
-- The open waits of a stretch of runs.
select run_id, task_key, environment_id, kind, channel, filter from waits where run_id > :after and run_id <= :until;

-- name: audit_awaited
-- What the waits for several runs in a stretch of runs still wait for.
select run_id, task_key, target_run_id from awaited_runs where run_id > :after and run_id <= :until;

-- name: audit_history
-- The accounts of a stretch of runs; of most lines only what happened.
select run_id, kind, task_key, case when kind in ('WAIT_STARTED', 'RUN_REPAIRED', 'TASK_STARTED') then data end from history
where run_id > :after and run_id <= :until and kind <> 'STREAM_APPENDED' order by run_id, sequence;

-- name: audit_mentions
-- Which runs of a stretch have rows in the tables that nothing else is asked of.
select 'attempts', run_id from attempts where run_id > :after and run_id <= :until group by run_id
union all select 'logs', run_id from logs where run_id > :after and run_id <= :until group by run_id
union all select 'streams', run_id from streams where run_id > :after and run_id <= :until group by run_id;

-- name: audit_batches
-- Runs that a batch names and that are not there.
select b.environment_id, b.batch_id, b.run_id from batch_runs b
where not exists (select 1 from runs r where r.id = b.run_id) limit :limit;

-- name: audit_workers
-- The holders of some runs.
select id, environment_id, status from workers where id in each(:ids);

-- name: audit_statuses
-- How the runs stand that other runs refer to.
select id, environment_id, status from runs where id in each(:ids);

-- name: audit_events
-- A page of events without their payloads, as they arrived.
select sequence, id, environment_id, name, correlation_id, source, delivered_at, delivery, cancelled_at,
  rejections
from events where sequence > :after order by sequence limit :limit;

-- name: audit_standing
-- Where some runs stand in their queues, and whether each is the first of its key in the line.
select r.id, r.environment_id, r.queue, coalesce(r.concurrency_key, ''), r.slot = 1 and r.id = (
  select f.id from runs f
  where f.environment_id = r.environment_id and f.queue = r.queue and f.slot = 1
    and coalesce(f.concurrency_key, '') = coalesce(r.concurrency_key, '')
  order by f.priority desc, f.lane, f.id limit 1)
from runs r where r.id in each(:ids) and r.slot in (1, 3, 4) order by r.id;

-- name: audit_slots
-- The runs of schedules among some, with their slots.
select id, environment_id, schedule_id, idempotency_key, payload from runs
where id in each(:ids) and schedule_id is not null and replay_of is null order by id;

-- name: audit_some_events
-- The same of some events by name.
select sequence, id, environment_id, name, correlation_id, source, delivered_at, delivery, cancelled_at,
  rejections
from events where id in each(:ids);

-- name: audit_events_named
-- The same of events that a wait may have been for, by their name.
select sequence, id, environment_id, name, correlation_id, source, delivered_at, delivery, cancelled_at,
  rejections
from events where environment_id = :environment_id and name in each(:names) and delivery > :heard_from
  and sequence > :after order by sequence limit :limit;

-- name: audit_events_correlated
-- The same by their correlation id.
select sequence, id, environment_id, name, correlation_id, source, delivered_at, delivery, cancelled_at,
  rejections
from events where environment_id = :environment_id and correlation_id in each(:correlation_ids)
  and delivery > :heard_from and sequence > :after order by sequence limit :limit;

-- name: audit_payloads
-- What some events carry.
select id, payload from events where id in each(:ids);

-- name: audit_listeners
-- Who listens for events of some names, and since when that is so.
select t.environment_id, t.event_name, t.job_id, t.filter, t.source, j.updated_at
from event_triggers t join jobs j on j.environment_id = t.environment_id and j.id = t.job_id
where t.event_name in each(:names) and j.enabled;

-- name: audit_runs_of_events
-- The runs that events started, and those that they joined.
select event_id, id, job_id from runs where event_id in each(:ids) and replay_of is null
union select event_id, run_id, job_id from joined_events where event_id in each(:ids) order by 2;

-- name: audit_joined
-- The events of some runs that events join, in their order, with what they carry.
select j.run_id, j.number, j.event_id, e.payload from joined_events j left join events e on e.id = j.event_id
where j.run_id in each(:run_ids) order by j.run_id, j.number;

-- name: audit_joined_runs
-- A page of runs that events joined, by id; nulls where there is no such run.
select n.run_id, r.environment_id, r.status, r.is_ready, r.slot, r.lease, r.debounce_key, r.event_id, r.payload
from (select distinct run_id from joined_events where run_id > :after order by run_id limit :limit) n
left join runs r on r.id = n.run_id order by n.run_id;

-- name: audit_errors
-- A page of groups of failures: what each tells, and what its runs, hours and versions come to.
select e.id, e.environment_id, e.runs, e.last_seen_at, e.last_run_id,
  (select count(*) from runs r where r.error_id = e.id),
  (select max(r.finished_at) from runs r where r.error_id = e.id),
  (select coalesce(sum(h.runs), 0) from error_hours h where h.error_id = e.id),
  (select coalesce(sum(v.runs), 0) from error_versions v where v.error_id = e.id)
from errors e where e.id > :after order by e.id limit :limit;

-- name: audit_errors_missing
-- Runs whose group of failures is not there.
select r.environment_id, r.id, r.error_id from runs r
where r.error_id is not null and not exists (select 1 from errors e where e.id = r.error_id) limit :limit;

-- name: audit_run_outcomes
-- What some runs came to.
select id, environment_id, job_id, event_id, status, lease, output from runs where id in each(:ids);

-- name: audit_task_outcomes
-- What the tasks of some runs came to.
select run_id, key, status, output from tasks where run_id in each(:run_ids);

-- name: audit_unfinished
-- Runs that have not ended.
select id, environment_id, status from runs where status in ('PENDING', 'RUNNING', 'WAITING') order by id limit :limit;

-- name: repair_run
-- Takes off a run what its status does not allow, and sets its timer.
update runs set worker_id = case when status = 'RUNNING' then worker_id end,
  is_ready = (is_ready and status = 'PENDING'), timer_at = :timer_at,
  slot = case when status = 'RUNNING' or (status = 'PENDING' and (is_ready or slot < 3)) then slot else 0 end
where id = :id and lease = :lease and status = :status;

-- name: repair_admitted
-- What was let in beyond a limit stands in the line again.
update runs set is_ready = false, slot = 1 where id = :id and is_ready and slot >= 3 and (status = 'PENDING') is true;

-- name: repair_stray_wait
-- Removes a wait whose run is not there.
delete from waits where run_id = :run_id and task_key = :task_key
  and not exists (select 1 from runs r where r.id = waits.run_id);

-- name: repair_stray_awaited
-- Removes what such a wait waited for.
delete from awaited_runs where run_id = :run_id and task_key = :task_key
  and not exists (select 1 from runs r where r.id = awaited_runs.run_id);

-- name: forget_error_changes
-- What people said of a group that is not there any more: the one made in its place counts from the first again.
delete from error_changes where error_id = :error_id;

-- name: forget_error_hours
-- Before a group of failures is counted anew.
delete from error_hours where error_id = :error_id;

-- name: forget_error_versions
-- The same of its versions.
delete from error_versions where error_id = :error_id;

-- name: see_error_anew
-- A group of failures as its runs tell of it; what people said of it stays.
update errors set runs = (select count(*) from runs r where r.error_id = :error_id),
  first_seen_at = coalesce((select min(r.finished_at) from runs r where r.error_id = :error_id), first_seen_at),
  last_seen_at = coalesce((select max(r.finished_at) from runs r where r.error_id = :error_id), last_seen_at),
  last_run_id = coalesce((select r.id from runs r where r.error_id = :error_id
    order by r.finished_at desc, r.id desc limit 1), last_run_id)
where id = :error_id;

-- name: count_error_hours_anew
-- Its runs by the hour.
insert into error_hours (error_id, at, runs)
select r.error_id, r.finished_at - r.finished_at % cast(:hour as bigint) as hour, count(*) from runs r
where r.error_id = :error_id group by 1, 2;

-- name: count_error_versions_anew
-- Its runs by the version of their job.
insert into error_versions (error_id, version, runs, first_seen_at, last_seen_at)
select r.error_id, r.job_version, count(*), min(r.finished_at), max(r.finished_at) from runs r
where r.error_id = :error_id group by 1, 2;

-- name: uncount_runs_of_error
-- Runs whose group of failures is not there are counted again.
update runs set error_id = null where error_id = :error_id;
