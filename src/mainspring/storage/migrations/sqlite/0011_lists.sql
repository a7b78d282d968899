-- Lists of runs go by the time at which they were made, and find what is rare without looking through what is not:
-- what stands still or did not succeed, and tags. Those that run are few: runs_leased has them.
drop index runs_by_environment;
drop index runs_by_job;
create index runs_by_environment on runs (environment_id, created_at, id);
create index runs_by_job on runs (environment_id, job_id, created_at, id);
create index runs_by_status on runs (environment_id, status, created_at, id)
    where status <> 'SUCCESS' and status <> 'RUNNING';
create table run_tags (
    environment_id text not null,
    tag text not null,
    created_at integer not null,
    run_id text not null,
    primary key (environment_id, tag, created_at, run_id)
) strict, without rowid;
insert into run_tags (environment_id, tag, created_at, run_id)
select r.environment_id, t.value, r.created_at, r.id from runs r cross join json_each(r.tags) t
where r.tags <> '[]' on conflict do nothing;
