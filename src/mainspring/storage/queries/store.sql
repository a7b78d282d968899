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

-- name: store_requests_by_keys
-- What earlier writes of a place were answered.
select key, request_key, found, version from store_requests
where environment_id = :environment_id and scope = :scope and owner = :owner and request_key in each(:request_keys);

-- name: insert_store_request
-- A write that was applied, so that its sender may send it again.
insert into store_requests (environment_id, scope, owner, key, request_key, found, version, made_at)
values (:environment_id, :scope, :owner, :key, :request_key, :found, :version, :now) on conflict do nothing;

-- name: forget_store_requests
-- Those that nobody sends again.
delete from store_requests where made_at < :before;

-- name: find_store_floor
-- The highest version that a deleted entry of a place had.
select version from store_floors where environment_id = :environment_id and scope = :scope and owner = :owner;

-- name: raise_store_floor
-- An entry was deleted: the next one of its place goes on after its version.
insert into store_floors (environment_id, scope, owner, version) values (:environment_id, :scope, :owner, :version)
on conflict (environment_id, scope, owner) do update set version = excluded.version
where store_floors.version < excluded.version;
