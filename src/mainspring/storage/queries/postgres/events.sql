-- name: begin_deliveries
-- What is delivered after this comes after every run that was begun before it, on whatever server.
select nextval('deliveries');

-- name: known_events
-- Events that were sent before, by id or key: each is looked up by itself, whatever the planner believes of the table.
select {event} from events where id in each(:ids) and (environment_id = :environment_id) is true
union all
select {event:e} from unnest(:keys::text[]) k (key) cross join lateral (
  select {event} from events where environment_id = :environment_id and idempotency_key = k.key offset 0) e;
