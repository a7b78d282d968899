-- name: create_migrations_table
-- The account of applied migrations.
create table if not exists migrations (
    number bigint primary key, name text not null, checksum text not null, applied_at bigint not null
);

-- name: record_migration
-- Notes a migration in the transaction that applied it.
insert into migrations (number, name, checksum, applied_at) values (:number, :name, :checksum, :applied_at);

-- name: list_migrations
-- What has been applied.
select number, name, checksum from migrations order by number;
