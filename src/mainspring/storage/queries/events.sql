-- name: insert_event
-- Keeps an event that arrived.
insert into events ({event}, delivery) values ({:event},
  case when cast(:delivered_at as bigint) is not null then (select last_value from deliveries) end);

-- name: known_events
-- Events that were sent before: by their id or by the sender's idempotency key.
select {event} from events
where environment_id = :environment_id and id in each(:ids)
union all
select {event} from events where environment_id = :environment_id and idempotency_key in each(:keys);

-- name: listening_jobs
-- Jobs that listen for any of these events, with their filters, and whether they may run.
select t.event_name, t.ordinal, t.filter, j.spec, j.enabled, q.governed_at is not null
from event_triggers t join jobs j on j.environment_id = t.environment_id and j.id = t.job_id
  left join queues q on q.environment_id = j.environment_id and q.name = j.queue
where t.environment_id = :environment_id and t.event_name in each(:names)
order by t.event_name, t.job_id, t.ordinal;

-- name: runs_of_events
-- The runs that events started, and those that they joined.
select event_id, id, job_id, status from runs where event_id in each(:ids) and replay_of is null
union
select j.event_id, r.id, r.job_id, r.status from joined_events j join runs r on r.id = j.run_id
where j.event_id in each(:ids)
order by 2;

-- name: takers_of_events
-- The waits that took some events, so many of each and one more, in the order of their runs.
select t.event_id, t.run_id, r.job_id, r.status, t.key
from events e
  join tasks t on t.event_id = e.id and t.kept_from is null and t.run_id <= coalesce((
    select x.run_id from tasks x where x.event_id = e.id and x.kept_from is null
    order by x.event_id, x.run_id limit 1 offset :most), :last)
  join runs r on r.id = t.run_id
where e.id in each(:ids)
order by t.event_id, t.run_id;

-- name: due_events
-- Delayed events whose time has come.
select {event} from events
where deliver_at <= :now and delivered_at is null and cancelled_at is null
order by deliver_at, sequence limit :limit @skip_locked;

-- name: deliver_event
-- Marks a delayed event delivered.
update events set delivered_at = :now, delivery = (select last_value from deliveries), rejections = :rejections
where id = :id and (delivered_at is null and cancelled_at is null) is true;

-- name: cancel_event
-- Takes back an event that was not delivered yet.
update events set cancelled_at = :now
where id = :id and (environment_id = :environment_id and delivered_at is null and cancelled_at is null) is true;

-- name: next_event_at
-- When the next delayed event is due.
select min(deliver_at) from events where delivered_at is null and cancelled_at is null;

-- name: early_events
-- Events delivered since a run began that a new wait of it may still use, oldest first.
select {event:e} from events e
where e.environment_id = :environment_id and e.name = :name and e.delivery > :heard_from
  and not exists (select 1 from tasks t where t.run_id = :run_id and t.event_id = e.id)
  and not exists (select 1 from joined_events n where n.run_id = :run_id and n.event_id = e.id)
order by e.delivery, e.sequence limit :limit offset :offset;

-- name: early_events_with_id
-- The same for a wait that asks for a correlation id.
select {event:e} from events e
where e.environment_id = :environment_id and e.correlation_id = :correlation_id and e.name = :name
  and e.delivery > :heard_from
  and not exists (select 1 from tasks t where t.run_id = :run_id and t.event_id = e.id)
  and not exists (select 1 from joined_events n where n.run_id = :run_id and n.event_id = e.id)
order by e.delivery, e.sequence limit :limit offset :offset;

-- name: events_by_ids
-- Events by our id.
select {event} from events where id in each(:ids);

-- name: find_event
-- One event by our id, or the newest that carries this correlation id.
select {event} from events
where (environment_id = :environment_id and id = :id)
  or (environment_id = :environment_id and correlation_id = :id)
order by case when id = :id then 0 else 1 end, sequence desc limit 1;

-- name: newest_events
-- The newest events before one, as far as filters ask; whether each has the text.
select id, received_at, name, source, cast(:text as text) is null or lower(payload) like lower(:text) escape '!'
from events
where environment_id = :environment_id and id < :before order by id desc limit :limit;

-- name: events_named
-- Some events of a name: all of them where they are fewer.
select id, received_at, name, source, cast(:text as text) is null or lower(payload) like lower(:text) escape '!'
from events where environment_id = :environment_id and name = :name limit :limit;

-- name: list_events_of_run
-- A page of events, newest first: the event that started a run, or all that joined it.
select {event} from events
where environment_id = :environment_id and id < :before
  and (id in (select event_id from joined_events where run_id = :run_id)
    or id = (select event_id from runs where id = :run_id))
  and (cast(:name as text) is null or name = :name)
  and (cast(:since as bigint) is null or received_at >= :since)
order by id desc limit :limit;

-- name: any_event
-- Whether any environment has an event.
select 1 from events limit 1;
