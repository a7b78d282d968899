-- Runs that must not be alive side by side: of those with one key one leads, and others wait until it has ended.
alter table runs add column singleton_key text;
create unique index runs_leading on runs (environment_id, job_id, singleton_key)
    where singleton_key is not null and finished_at is null and slot <> -1;
create index runs_behind on runs (environment_id, job_id, singleton_key, priority desc, id) where slot = -1;
