-- What a claim looks for beside runs of the common lanes: hardly ever there, and then found at once.
create index runs_of_last_chance on runs (environment_id) where is_ready and lane = 2;
create index runs_with_notices on runs (worker_id) where notices > noticed;
