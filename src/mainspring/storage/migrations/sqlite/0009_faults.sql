-- Of the deaths of workers that are held against a run, those whose process was seen to end by itself; lane 3 is of
-- suspects that are tried alone.
alter table runs add column faults integer not null default 0;
drop index runs_of_last_chance;
create index runs_of_suspicion on runs (environment_id) where is_ready and lane >= 2;
create index runs_alone on runs (worker_id) where lane = 3;
