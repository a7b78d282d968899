-- name: list_tokens
-- The same, with PostgreSQL's own JSON.
select {token} from tokens
where environment_id = :environment_id and id < :before
  and (cast(:status as text) is null or :status = case
    when completed_at is not null then 'COMPLETED' when expired_at is not null then 'EXPIRED' else 'WAITING' end)
  and (cast(:tag as text) is null or jsonb_exists(tags::jsonb, :tag))
order by id desc limit :limit;
