-- name: newest_lines
-- Log lines before a place of their list, newest first, each with its run's job and environment.
select {log:l}, r.job_id, r.environment_id from (
  select {log} from logs
  where at <= :at and (at, run_id, lease, number) < (:at, :run_id, :lease, :number) and at >= :since
  order by at desc, run_id desc, lease desc, number desc limit :limit) l
left join runs r on r.id = l.run_id order by l.at desc, l.run_id desc, l.lease desc, l.number desc;

-- name: newest_loud_lines
-- The same of a level that warns.
select {log:l}, r.job_id, r.environment_id from (
  select {log} from logs
  where level = :level and level <> 'DEBUG' and level <> 'INFO'
    and at <= :at and (at, run_id, lease, number) < (:at, :run_id, :lease, :number) and at >= :since
  order by at desc, run_id desc, lease desc, number desc limit :limit) l
left join runs r on r.id = l.run_id order by l.at desc, l.run_id desc, l.lease desc, l.number desc;

-- name: newest_lines_of_run
-- The same of one run.
select {log:l}, r.job_id, r.environment_id from (
  select {log} from logs
  where run_id = :of and (at, run_id, lease, number) < (:at, :run_id, :lease, :number) and at >= :since
  order by at desc, run_id desc, lease desc, number desc limit :limit) l
left join runs r on r.id = l.run_id order by l.at desc, l.run_id desc, l.lease desc, l.number desc;
