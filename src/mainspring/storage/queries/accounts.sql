-- name: insert_project
-- A tenant's space.
insert into projects (id, name, created_at) values (:id, :name, :now) on conflict (name) do nothing;

-- name: find_project
-- A project by its name.
select id from projects where name = :name;

-- name: insert_environment
-- A project's dev, staging or prod.
insert into environments (id, project_id, name, created_at) values (:id, :project_id, :name, :now)
on conflict (project_id, name) do nothing;

-- name: find_environment
-- An environment by its name.
select id from environments where project_id = :project_id and name = :name;

-- name: insert_key
-- An API key, of which only the hash and the last four characters are kept.
insert into api_keys (id, environment_id, name, hash, last_four, created_at, expires_at, revoked_at)
values (:id, :environment_id, :name, :hash, :last_four, :now, null, null) on conflict (hash) do nothing;

-- name: key_holder
-- Whom a key belongs to.
select k.id, k.expires_at, k.revoked_at, p.id, p.name, e.id, e.name
from api_keys k join environments e on e.id = k.environment_id join projects p on p.id = e.project_id
where k.hash = :hash;

-- name: environment_name
-- Name of an environment and its project.
select p.name, e.name from environments e join projects p on p.id = e.project_id where e.id = :id;
