-- name: schedules_of_jobs
-- The schedules that jobs which are registered were written with, held for a change.
select {schedule} from schedules
where environment_id = :environment_id and job_id in each(:job_ids) and dynamic_id is null order by id @lock;

-- name: schedules_to_attach
-- Registered at run time, but not yet with the job that has them as its trigger.
select {schedule} from schedules
where environment_id = :environment_id and dynamic_id = :dynamic_id and job_id <> :job_id order by id @lock;

-- name: schedules_to_detach
-- Registered at run time, with a job that no longer has them as its trigger.
select {schedule} from schedules
where environment_id = :environment_id and job_id = :job_id and dynamic_id is not null
  and not (dynamic_id in each(:dynamic_ids)) order by id @lock;

-- name: save_schedule
-- A schedule as its job asks for it; what came of it until now stays.
insert into schedules ({schedule}) values ({:schedule})
on conflict (environment_id, id) do update set job_id = excluded.job_id, cron = excluded.cron,
  timezone = excluded.timezone, every = excluded.every, catch_up = excluded.catch_up, jitter = excluded.jitter,
  overlap = excluded.overlap, external_id = excluded.external_id, metadata = excluded.metadata,
  anchor_at = excluded.anchor_at, next_at = excluded.next_at, moved_at = excluded.moved_at,
  refusal = excluded.refusal;

-- name: delete_schedule
-- One that its job no longer asks for, or that was unregistered.
delete from schedules where environment_id = :environment_id and id = :id;

-- name: due_schedules
-- Schedules with a slot that is due.
select {schedule} from schedules where next_at <= :now order by next_at limit :limit @skip_locked;

-- name: schedules_ahead
-- Schedules that were moved on by a clock that was set back since.
select {schedule} from schedules
where next_at > :now and moved_at > :ahead order by moved_at limit :limit @skip_locked;

-- name: move_schedule
-- Its due slots are dealt with.
update schedules set next_at = :next_at, last_at = :last_at, moved_at = :moved_at, refusal = :refusal
where environment_id = :environment_id and id = :id;

-- name: next_schedule_at
-- When the next slot is due.
select min(next_at) from schedules where next_at is not null;

-- name: find_schedule
-- One schedule.
select {schedule} from schedules where environment_id = :environment_id and id = :id;

-- name: find_schedule_to_change
-- One schedule, held for a change.
select {schedule} from schedules where environment_id = :environment_id and id = :id @lock;

-- name: pause_schedule
-- No more slots until it is resumed.
update schedules set paused_at = :paused_at, next_at = :next_at, moved_at = :now
where environment_id = :environment_id and id = :id;

-- name: list_schedules
-- A page of the schedules of an environment.
select {schedule} from schedules
where environment_id = :environment_id and id > :after
  and (cast(:job_id as text) is null or job_id = :job_id)
  and (cast(:dynamic_id as text) is null or dynamic_id = :dynamic_id)
  and (cast(:external_id as text) is null or external_id = :external_id)
order by id limit :limit;

-- name: open_runs_of_schedules
-- Runs of some schedules that have not ended.
select environment_id, schedule_id, id from runs where schedule_id in each(:ids) and finished_at is null;

-- name: last_runs_of_schedules
-- Of each of these schedules the newest run.
select r.schedule_id, r.id, r.status from runs r
where r.id in (
  select (
    select n.id from runs n where n.environment_id = s.environment_id and n.schedule_id = s.id
    order by n.created_at desc, n.id desc limit 1)
  from schedules s where s.environment_id = :environment_id and s.id in each(:ids));
