-- name: store_entries_by_keys
-- Entries about to be used.
select {store_entry} from store_entries
where environment_id = :environment_id and scope = :scope and owner = :owner and key in each(:keys) order by key @lock;

-- name: find_store_entries
-- The same for whoever only looks.
select {store_entry} from store_entries
where environment_id = :environment_id and scope = :scope and owner = :owner and key in each(:keys);

-- name: save_store_entry
-- A value that outlives runs.
insert into store_entries ({store_entry}) values ({:store_entry})
on conflict (environment_id, scope, owner, key) do update set
  value = excluded.value, version = excluded.version, updated_at = excluded.updated_at;

-- name: delete_store_entry
-- Forgets a value.
delete from store_entries
where environment_id = :environment_id and scope = :scope and owner = :owner and key = :key;

-- name: list_store
-- A page of keys of one scope.
select {store_entry} from store_entries
where environment_id = :environment_id and scope = :scope and owner = :owner and key > :after
  and substr(key, 1, length(cast(:prefix as text))) = :prefix
order by key limit :limit;
