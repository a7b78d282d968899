-- name: insert_approval
-- An approval, unless it is there.
insert into approvals ({approval}) values ({:approval}) on conflict do nothing;

-- name: insert_approval_person
-- One who is asked, unless they are.
insert into approval_people ({approval_person}) values ({:approval_person}) on conflict do nothing;

-- name: insert_approval_answer
-- The one answer of a person.
insert into approval_answers ({approval_answer}) values ({:approval_answer});

-- name: insert_signing_key
-- The key of an environment, unless it has one.
insert into signing_keys (environment_id, key, created_at) values (:environment_id, :key, :now) on conflict do nothing;

-- name: get_signing_key
-- What signs the links of an environment.
select key from signing_keys where environment_id = :environment_id;

-- name: count_rounds
-- How many approvals of a run there are on one matter.
select count(*) from approvals where run_id = :run_id and correlation = :correlation;

-- name: approvals_to_change
-- Some approvals, held for a change or for as long as somebody begins to wait for them, in one order on every server.
select {approval} from approvals where id in each(:ids) order by id @lock;

-- name: due_approvals
-- Approvals that end now, or whose people are reminded or become more; one that another server is changing is looked at next time.
select {approval} from approvals where timer_at <= :now order by timer_at limit :limit @skip_locked;

-- name: next_approval_at
-- When the next approval has to be looked at.
select min(timer_at) from approvals where timer_at is not null;

-- name: end_approval
-- It is decided, over, or called off.
update approvals set status = :status, ended_at = :ended_at, timer_at = null where id = :id and status = 'WAITING';

-- name: watch_approval
-- Who was reminded or asked too; when it is looked at again.
update approvals set remind_at = :remind_at, escalate_at = :escalate_at, timer_at = :timer_at where id = :id;

-- name: approvals_by_ids
-- Some approvals.
select {approval} from approvals where id in each(:ids);

-- name: watch_approval_again
-- A timer that was lost: it is looked at now.
update approvals set timer_at = :now where id = :id and status = 'WAITING';

-- name: get_approval_news
-- Whom its run is still to tell.
select news from approvals where id = :id;

-- name: call_off_approval
-- Whoever waited for it stopped waiting.
update approvals set status = 'CANCELLED', ended_at = :now, timer_at = null
where run_id = :run_id and status = 'WAITING' and exists (
  select 1 from waits
  where waits.run_id = :run_id and waits.task_key = :task_key and waits.channel = 'approval:' || approvals.id);

-- name: keep_approval_news
-- Whom its run is still to tell.
update approvals set news = :news where id = :id;

-- name: count_refusal
-- One more attempt that stands in the history.
update approvals set refusals = refusals + 1 where id = :id;

-- name: delegate_person
-- Whoever handed it on cannot answer any more.
update approval_people set delegated_to = :delegated_to where approval_id = :approval_id and person = :person;

-- name: people_of_approvals
-- Who is asked, in the order in which they came to be.
select {approval_person} from approval_people where approval_id in each(:ids) order by approval_id, number;

-- name: answers_of_approvals
-- What was answered, in order.
select {approval_answer} from approval_answers where approval_id in each(:ids) order by approval_id, number;

-- name: runs_that_ended
-- When some runs ended, of those that did.
select id, finished_at from runs where id in each(:ids) and finished_at is not null;

-- name: get_approval
-- One approval.
select {approval} from approvals
where id = :id and (cast(:environment_id as text) is null or environment_id = :environment_id);

-- name: rounds_before
-- Earlier approvals of a run on the same matter, the oldest first.
select {approval} from approvals
where run_id = :run_id and correlation = :correlation and revision < :revision order by revision;

-- name: list_approvals
-- A page of the approvals of an environment, newest first; one whose run has ended is called off.
select {approval} from approvals
where environment_id = :environment_id and id < :before
  and (cast(:run_id as text) is null or run_id = :run_id)
  and (cast(:status as text) is null or :status = case
    when status = 'WAITING' and exists (
      select 1 from runs where runs.id = approvals.run_id and runs.finished_at is not null) then 'CANCELLED'
    else status end)
  and (cast(:person as text) is null or exists (
    select 1 from approval_people where approval_id = approvals.id and person = :person and delegated_to is null))
  and (cast(:tag as text) is null or exists (select 1 from json_each(tags) where value = :tag))
order by id desc limit :limit;
