-- The tables that existing users have, in the shape in which they have them: a database of the
-- earlier tool already holds them, and keeps every row. What we add comes in later files.
CREATE TABLE IF NOT EXISTS check_runs (
  id INTEGER PRIMARY KEY,
  timestamp TEXT NOT NULL,
  store_url TEXT NOT NULL,
  skill_name TEXT NOT NULL,
  status TEXT NOT NULL,
  summary TEXT,
  details TEXT,
  screenshots TEXT,
  error TEXT
);

CREATE TABLE IF NOT EXISTS baselines (
  id INTEGER PRIMARY KEY,
  skill_name TEXT NOT NULL,
  store_url TEXT NOT NULL,
  baseline_data TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (skill_name, store_url)
);

CREATE TABLE IF NOT EXISTS incidents (
  id INTEGER PRIMARY KEY,
  created_at TEXT NOT NULL,
  resolved_at TEXT,
  store_url TEXT NOT NULL,
  skill_name TEXT NOT NULL,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  details TEXT,
  status TEXT NOT NULL DEFAULT 'open'
);
