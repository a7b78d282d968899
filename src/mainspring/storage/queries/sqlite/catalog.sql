-- name: find_migrations_table
-- Whether the account of migrations exists yet.
select name from sqlite_master where type = 'table' and name = 'migrations';

-- name: schema_objects
-- The schema as SQLite keeps it, for the checked-in page.
select type, name, sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type desc, name;

-- name: lock_migrations
-- One upgrade at a time: here the write transaction sees to it.
select 1;

-- name: database_version
-- What keeps the data, for people.
select 'SQLite ' || sqlite_version();
