-- name: hold_store_keys
-- Keys about to be written, until the commit, whether or not they have rows that could be held.
select pg_advisory_xact_lock(lock) from (
  select distinct hashtextextended(concat_ws(' ', 'store', :environment_id::text, :scope::text, :owner::text, key), 0)
    as lock
  from unnest(:keys::text[]) key order by lock) locks;
