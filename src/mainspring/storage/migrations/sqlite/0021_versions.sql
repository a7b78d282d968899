-- Job versions side by side: which version of its job a run is bound to, what each worker has, and every version
-- that was registered. Runs are claimed by the name of their job, or of one version of it.
alter table runs add column pinned_version text;
alter table workers add column versions text not null default '{}';
alter table workers add column pinning text not null default '[]';
alter table workers add column superseded text not null default '[]';
drop index runs_ready;
create index runs_ready on runs
    (environment_id, coalesce(job_id || '/' || pinned_version, job_id), priority desc, lane, available_at) where is_ready;
drop index runs_unserved;
create index runs_unserved on runs (environment_id, coalesce(job_id || '/' || pinned_version, job_id)) where slot = 2;
create index runs_pinned on runs (environment_id) where is_ready and pinned_version is not null;
create table job_versions (
    environment_id text not null,
    job_id text not null,
    version text not null,
    spec text not null,
    registered_at integer not null,
    seen_at integer not null,
    primary key (environment_id, job_id, version)
) strict, without rowid;
insert into job_versions (environment_id, job_id, version, spec, registered_at, seen_at)
select environment_id, id, json_extract(spec, '$.version'), spec, updated_at, updated_at from jobs;
