-- name: speak_on_channels
-- Whoever announces something: here the write transaction keeps everybody else waiting.
select 1 where :environment_id <> '' and :channels is not null;

-- name: hear_channels
-- Whoever begins to listen: the same.
select 1 where :environment_id <> '' and :channels is not null;
