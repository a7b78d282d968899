-- The waits that an event was taken by are found by the event; what a replay kept of its run took nothing.
create index tasks_by_event on tasks (event_id, run_id) where event_id is not null and kept_from is null;
