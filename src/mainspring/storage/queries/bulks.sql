-- name: insert_bulk
-- A bulk action that was asked for; asked for again it stays as it is.
insert into bulks ({bulk}) values ({:bulk}) on conflict (id) do nothing;

-- name: find_bulk
-- One bulk action of an environment.
select {bulk} from bulks where environment_id = :environment_id and id = :id;

-- name: list_bulks
-- A page of the bulk actions of an environment, newest first.
select {bulk} from bulks
where environment_id = :environment_id and created_at <= :at and (created_at < :at or id < :before)
  and (cast(:status as text) is null or status = :status)
order by created_at desc, id desc limit :limit;

-- name: next_bulk
-- The one that has waited longest for its next chunk; what another server is at is left to it.
select {bulk} from bulks where status = 'RUNNING' and next_at <= :now order by next_at, id limit 1 @skip_locked;

-- name: next_bulk_at
-- When the next chunk of one is due.
select min(next_at) from bulks where status = 'RUNNING';

-- name: move_bulk
-- How far a bulk action has come.
update bulks set status = :status, place = :place, done = :done, failed = :failed, failures = :failures,
  next_at = :next_at, finished_at = :finished_at
where id = :id and status = 'RUNNING';

-- name: abort_bulk
-- It goes no further; what is done stays done.
update bulks set status = 'ABORTED', finished_at = :now
where environment_id = :environment_id and id = :id and status = 'RUNNING';
