-- Workers that take from some queues only; and the ready runs of queues that are not their job's own, by queue.
alter table workers add column queues text not null default '[]';
create index runs_ready_in_queues on runs
    (environment_id, queue, coalesce(job_id || '/' || pinned_version, job_id), priority desc, lane, available_at)
    where is_ready and queue <> job_id;
