-- Bulk actions are listed, newest first.
create index bulks_by_environment on bulks (environment_id, created_at, id);
