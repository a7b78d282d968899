-- name: hold_store_keys
-- Keys about to be written: here the write transaction keeps everybody else waiting.
select 1 where :environment_id <> '' and :scope <> '' and :owner is not null and :keys is not null;
