-- Log lines across runs are gone through by their time; the few that warn have an index of their own.
create index logs_by_time on logs (at);
create index logs_loud on logs (level, at) where level <> 'DEBUG' and level <> 'INFO';
