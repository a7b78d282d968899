-- name: find_migrations_table
-- Whether the account of migrations exists yet.
select table_name from information_schema.tables
where table_schema = current_schema() and table_name = 'migrations';

-- name: lock_migrations
-- One upgrade at a time, whatever the number of servers that start together.
select pg_advisory_xact_lock(7305128476120001);

-- name: schema_objects
-- The schema in words that compare well: each column, then each index.
select 'table' as type, table_name || '.' || column_name as name,
  table_name || '.' || column_name || ' ' || data_type || case when is_nullable = 'NO' then ' not null' else '' end
  || case when is_identity = 'YES' then ' identity' else '' end || coalesce(' default ' || column_default, '') as sql
from information_schema.columns where table_schema = current_schema() and table_name <> 'migrations'
union all
select 'index', indexname, indexdef from pg_indexes where schemaname = current_schema() and tablename <> 'migrations'
order by type desc, name;

-- name: database_version
-- What keeps the data, for people.
select 'PostgreSQL ' || current_setting('server_version');
