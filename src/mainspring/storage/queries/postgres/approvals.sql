-- name: list_approvals
-- The same, with PostgreSQL's own JSON.
select {approval} from approvals
where environment_id = :environment_id and id < :before
  and (cast(:run_id as text) is null or run_id = :run_id)
  and (cast(:status as text) is null or :status = case
    when status = 'WAITING' and exists (
      select 1 from runs where runs.id = approvals.run_id and runs.finished_at is not null) then 'CANCELLED'
    else status end)
  and (cast(:person as text) is null or exists (
    select 1 from approval_people where approval_id = approvals.id and person = :person and delegated_to is null))
  and (cast(:tag as text) is null or jsonb_exists(tags::jsonb, :tag))
order by id desc limit :limit;
