-- Workers that operators drain; and why those that are gone have gone.
alter table workers add column drain_at integer;
alter table workers add column drain_by text;
alter table workers add column is_leaving integer not null default 0;
alter table workers add column ended_at integer;
alter table workers add column ended_reason text;
