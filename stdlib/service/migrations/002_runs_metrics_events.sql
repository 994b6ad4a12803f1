-- A run's own columns. run_id makes recording idempotent; rows of the earlier tool have none.
ALTER TABLE check_runs ADD COLUMN run_id TEXT;
ALTER TABLE check_runs ADD COLUMN finished_at TEXT;
ALTER TABLE check_runs ADD COLUMN duration_ms REAL;
ALTER TABLE check_runs ADD COLUMN script TEXT;
ALTER TABLE check_runs ADD COLUMN steps TEXT;
ALTER TABLE check_runs ADD COLUMN evidence TEXT;
ALTER TABLE check_runs ADD COLUMN error_data TEXT;
CREATE UNIQUE INDEX check_runs_by_run_id ON check_runs (run_id);
CREATE INDEX check_runs_by_skill ON check_runs (store_url, skill_name, timestamp);
CREATE INDEX check_runs_by_time ON check_runs (timestamp);

-- One row a measured value, with what a history is asked for, so that asking needs no join.
CREATE TABLE metrics (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  timestamp TEXT NOT NULL,
  store_url TEXT NOT NULL,
  skill_name TEXT NOT NULL,
  status TEXT NOT NULL,
  name TEXT NOT NULL,
  page TEXT NOT NULL DEFAULT '',
  step TEXT,
  unit TEXT,
  value REAL NOT NULL
);
CREATE INDEX metrics_by_name ON metrics (store_url, skill_name, name, page, timestamp);
CREATE INDEX metrics_by_run ON metrics (run_id);

-- Everything that happens. An id is never used twice, so a reader can go on behind the last one
-- that it saw.
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  timestamp TEXT NOT NULL,
  type TEXT NOT NULL,
  store_url TEXT,
  skill_name TEXT,
  data TEXT NOT NULL DEFAULT '{}',
  dedupe_key TEXT UNIQUE
);
CREATE INDEX events_by_time ON events (timestamp);
CREATE INDEX events_by_type ON events (type, timestamp);

CREATE INDEX incidents_by_status ON incidents (status, store_url);
