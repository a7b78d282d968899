-- The order of deliveries, which no clock that is set back can turn round: a run hears what was delivered after
-- the place at which it began. The table is what a sequence is elsewhere.
create table deliveries (last_value integer not null) strict;
alter table events add column delivery integer;
alter table runs add column heard_from integer not null default 0;

create index events_for_0004 on events (delivered_at) where delivered_at is not null;
update events set delivery = placed.place from (
  select sequence, row_number() over (order by delivered_at, sequence) as place
  from events where delivered_at is not null) placed
where placed.sequence = events.sequence;
update runs set heard_from = coalesce((
  select e.delivery from events e where e.delivered_at < runs.created_at
  order by e.delivered_at desc, e.delivery desc limit 1), 0)
where status in ('PENDING', 'RUNNING', 'WAITING');
drop index events_for_0004;
insert into deliveries (last_value) select coalesce(max(delivery), 0) from events;

drop index events_by_correlation;
create index events_by_correlation on events (environment_id, correlation_id, name, delivery)
    where correlation_id is not null;
drop index events_by_name;
create index events_by_name on events (environment_id, name, delivery);
