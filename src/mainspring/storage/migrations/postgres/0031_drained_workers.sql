-- Workers that operators drain; and why those that are gone have gone.
alter table workers add column drain_at bigint;
alter table workers add column drain_by text;
alter table workers add column is_leaving boolean not null default false;
alter table workers add column ended_at bigint;
alter table workers add column ended_reason text;
