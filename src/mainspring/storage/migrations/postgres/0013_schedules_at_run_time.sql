-- Schedules that are registered at run time, what they do about runs that overlap, and the runs of each.
alter table schedules add column overlap text not null default 'allow';
alter table schedules add column dynamic_id text;
alter table schedules add column key text;
alter table schedules add column external_id text;
alter table schedules add column metadata text not null default '{}';
create index schedules_by_dynamic_id on schedules (environment_id, dynamic_id, job_id) where dynamic_id is not null;
alter table runs add column schedule_id text;
create index runs_by_schedule on runs (environment_id, schedule_id, created_at, id)
    where schedule_id is not null;
create index runs_open_by_schedule on runs (schedule_id) where schedule_id is not null and finished_at is null;
create index schedules_in_code on schedules (environment_id, job_id) where dynamic_id is null;
