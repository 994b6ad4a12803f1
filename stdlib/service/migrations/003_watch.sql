-- What the watch daemon remembers. Everything that follows from one finished run is written in one
-- transaction: the run, its metrics and events, the check's state, incidents, dispatch, outbox.

ALTER TABLE check_runs ADD COLUMN check_id TEXT;     -- store and skill of the daemon's plan
ALTER TABLE check_runs ADD COLUMN due_ms INTEGER;    -- when it was planned
ALTER TABLE check_runs ADD COLUMN attempt INTEGER;   -- 1; 2 is the quick look after a failure
ALTER TABLE check_runs ADD COLUMN incident_id INTEGER;
CREATE INDEX check_runs_by_incident ON check_runs (incident_id) WHERE incident_id IS NOT NULL;

-- One row a check: where its schedule and its incident track go on after a restart.
CREATE TABLE checks (
  id TEXT PRIMARY KEY,
  last_due_ms INTEGER,
  track TEXT NOT NULL DEFAULT '{}',
  updated_at TEXT NOT NULL
);

ALTER TABLE incidents ADD COLUMN kind TEXT;     -- shop, engine
ALTER TABLE incidents ADD COLUMN check_id TEXT;
ALTER TABLE incidents ADD COLUMN store_name TEXT;
ALTER TABLE incidents ADD COLUMN fingerprint TEXT;
ALTER TABLE incidents ADD COLUMN first_seen TEXT;
ALTER TABLE incidents ADD COLUMN last_seen TEXT;
ALTER TABLE incidents ADD COLUMN seen INTEGER;
ALTER TABLE incidents ADD COLUMN acknowledged_at TEXT;
ALTER TABLE incidents ADD COLUMN acknowledged_by TEXT;

-- An incident's timeline.
CREATE TABLE incident_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  incident_id INTEGER NOT NULL,
  timestamp TEXT NOT NULL,
  type TEXT NOT NULL,      -- opened, changed, note, acknowledged, alerted, resolved
  run_id TEXT,
  author TEXT,
  text TEXT,
  data TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX incident_events_by_incident ON incident_events (incident_id, id);

CREATE TABLE silences (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  starts_at TEXT NOT NULL,
  ends_at TEXT NOT NULL,
  match TEXT NOT NULL,     -- JSON, see alert/match.lua
  author TEXT,
  comment TEXT,
  created_at TEXT NOT NULL
);

-- Named values of the daemon: the state of the dispatcher, the last journal entry, serials.
CREATE TABLE watch_state (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- Messages that have to go out; see watch/outbox.lua.
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  alerter TEXT NOT NULL,
  route TEXT,
  thread TEXT NOT NULL DEFAULT '',
  occasion TEXT NOT NULL,
  message TEXT NOT NULL,
  created_at TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending',
  attempts INTEGER NOT NULL DEFAULT 0,
  due_ms INTEGER NOT NULL,
  claimed INTEGER NOT NULL DEFAULT 0,
  sent_at TEXT,
  error TEXT
);
CREATE INDEX outbox_by_status ON outbox (status, due_ms);
CREATE INDEX outbox_by_thread ON outbox (alerter, thread, id) WHERE status = 'pending';
