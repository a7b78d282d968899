-- How many runs ended when, and how long they took: counted as they end, so that a chart of a month reads some hundred
-- rows and not a million runs. A row has the runs of a stretch of time (at, width) that ended alike and lasted alike
-- (from `lasted` on, microseconds, four classes to a doubling; -1: never started). Each server adds to rows of its own
-- (part) while the minute is young; those of older minutes are put together.
create table run_counts (
    environment_id text not null,
    width bigint not null,
    at bigint not null,
    job_id text not null,
    status text not null,
    lasted bigint not null,
    part bigint not null,
    runs bigint not null,
    primary key (environment_id, width, at, job_id, status, lasted, part)
) with (fillfactor = 50);
create index run_counts_by_age on run_counts (width, at);
create view ended_runs as
select id, environment_id, job_id, status, finished_at, case
    when started_at is null then -1
    when finished_at < started_at + 1024 then 0
    else finished_at - started_at - (finished_at - started_at) % case
        when finished_at - started_at < 2048 then 256
        when finished_at - started_at < 4096 then 512
        when finished_at - started_at < 8192 then 1024
        when finished_at - started_at < 16384 then 2048
        when finished_at - started_at < 32768 then 4096
        when finished_at - started_at < 65536 then 8192
        when finished_at - started_at < 131072 then 16384
        when finished_at - started_at < 262144 then 32768
        when finished_at - started_at < 524288 then 65536
        when finished_at - started_at < 1048576 then 131072
        when finished_at - started_at < 2097152 then 262144
        when finished_at - started_at < 4194304 then 524288
        when finished_at - started_at < 8388608 then 1048576
        when finished_at - started_at < 16777216 then 2097152
        when finished_at - started_at < 33554432 then 4194304
        when finished_at - started_at < 67108864 then 8388608
        when finished_at - started_at < 134217728 then 16777216
        when finished_at - started_at < 268435456 then 33554432
        when finished_at - started_at < 536870912 then 67108864
        when finished_at - started_at < 1073741824 then 134217728
        when finished_at - started_at < 2147483648 then 268435456
        when finished_at - started_at < 4294967296 then 536870912
        when finished_at - started_at < 8589934592 then 1073741824
        when finished_at - started_at < 17179869184 then 2147483648
        when finished_at - started_at < 34359738368 then 4294967296
        when finished_at - started_at < 68719476736 then 8589934592
        when finished_at - started_at < 137438953472 then 17179869184
        when finished_at - started_at < 274877906944 then 34359738368
        when finished_at - started_at < 549755813888 then 68719476736
        when finished_at - started_at < 1099511627776 then 137438953472
        else 274877906944 end
    end as lasted
from runs where finished_at is not null;
-- What ended before: the last hours by the minute, the rest by the half hour.
insert into run_counts (environment_id, width, at, job_id, status, lasted, part, runs)
with ended (environment_id, job_id, status, lasted, finished_at, width) as (
    select environment_id, job_id, status, lasted, finished_at,
        case when finished_at >= (select max(finished_at) from runs) - 7200000000 then 60000000 else 1800000000 end
    from ended_runs)
select environment_id, width, finished_at - finished_at % width, job_id, status, lasted, 0, count(*)
from ended group by environment_id, width, finished_at - finished_at % width, job_id, status, lasted;
-- Waits for people are counted, and the next slot of a job is found, without a look at the others.
create index waits_for_people on waits (environment_id, kind) where kind in ('approval', 'token');
drop index schedules_of_job;
create index schedules_of_job on schedules (environment_id, job_id, next_at);
