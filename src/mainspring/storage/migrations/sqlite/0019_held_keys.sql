-- Whether anybody competes in a queue is one look, however many keys are remembered for their rates.
create index held_keys on queue_keys (environment_id, queue) where has_held;
