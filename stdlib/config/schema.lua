--- Every setting that nano-sre knows: its name in nano-sre.lua (with a dot for a sub-table), its
--- type, the environment name that existing users have it under, the flag, its default.
--- config/load.lua fills a configuration by it, `nano-sre config` prints it, docs/cli.md lists it
--- (a test holds the two together).
---
--- used = false: read and shown, but nothing in this version acts on it.

local schema = {
  { key = "store.url", type = "url", env = "STORE_URL", flag = "--url",
    about = "the shop to watch, as a shopper types it" },
  { key = "store.password", type = "string", env = "STORE_PASSWORD", flag = "--password",
    secret = true,
    about = "the password of a shop that is closed by a password page" },
  { key = "store.name", type = "string",
    about = "what reports call the shop; default: its host" },
  { key = "store.admin_api_key", type = "string", env = "SHOPIFY_ADMIN_API_KEY", secret = true,
    about = "Admin API access token, for skills that look into the back office" },

  { key = "timeout", type = "duration", flag = "--timeout",
    about = "limit of every run; default: what each skill declares" },
  { key = "jobs", type = "integer", min = 1, max = 64, flag = "--jobs", default = 1,
    about = "how many skills run at once; more than one makes page timings less comparable" },
  { key = "fail_on", type = "choice", choices = { "fail", "warn" }, flag = "--fail-on",
    default = "fail",
    about = "the least status that makes the command end with 1" },

  { key = "browser", type = "string", flag = "--browser", default = "auto",
    about = "auto, shell, chromium, the path of a browser, or ws://… of one that runs already" },
  { key = "browser_args", type = "arguments", flag = "--browser-arg",
    about = "an argument for the browser, such as --browser-arg=--no-sandbox; may be repeated" },
  { key = "headed", type = "boolean", flag = "--headed", default = false,
    about = "show the browser's window (full Chromium)" },

  { key = "reporters", type = "list", flag = "--reporter", default = { "list" },
    about = "list, json, jsonl, junit, tap, md, html, github; with =FILE if not to stdout; several "
      .. "with commas" },
  { key = "allow_private", type = "boolean", default = false,
    about = "let skills reach private addresses other than the shop's own" },
  { key = "report_dir", type = "path", flag = "--report-dir",
    about = "where reports and screenshots go" },
  { key = "database", type = "path", env = "SQLITE_DB_PATH",
    about = "the SQLite file that keeps results and baselines" },

  { key = "interval", type = "minutes", env = "CHECK_INTERVAL_MINUTES", flag = "--interval",
    about = "watch: time between two checks; default: what each skill declares, else 30m" },
  { key = "timezone", type = "string", default = "UTC",
    about = "watch: the time zone of cron expressions and hours, such as Europe/Berlin" },
  { key = "watch.concurrency", type = "integer", min = 1, max = 1024, default = 64,
    about = "watch: how many checks without a browser run at once (slow ones have as many more)" },
  { key = "watch.browsers", type = "integer", min = 1, max = 64, default = 2,
    about = "watch: how many checks with a browser run at once (slow ones have as many more)" },
  { key = "watch.workers", type = "integer", min = 1, max = 64, default = 2,
    about = "watch: processes that run checks" },
  { key = "watch.worker_runs", type = "integer", min = 1, max = 1000000, default = 200,
    about = "watch: a worker and its browser are replaced after this many runs that use it" },
  { key = "watch.worker_mb", type = "integer", min = 64, max = 1048576, default = 2048,
    about = "watch: … or when it and its browser use this many megabytes" },
  { key = "watch.listen", type = "string", default = "127.0.0.1:0",
    about = "watch: address of the HTTP API; other than loopback only with watch.token" },
  { key = "watch.token", type = "string", env = "NANO_SRE_TOKEN", secret = true,
    about = "watch: what clients of the HTTP API must show; default: made anew at each start" },
  { key = "watch.keep", type = "duration", default = 90 * 86400000,
    about = "watch: how long results, events and resolved incidents are kept" },
  { key = "alert_webhook_url", type = "url", env = "ALERT_WEBHOOK_URL", secret = true,
    about = "where messages go: Slack, Discord (known by their hosts) or any receiver of JSON" },
  { key = "redact_pii", type = "boolean", env = "REDACT_PII",
    about = "take e-mail addresses, phone and card numbers out of logs, results and messages" },
  { key = "blur_screenshots", type = "boolean", env = "SCREENSHOT_BLUR_ENABLED",
    about = "blur personal data in screenshots" },
  { key = "llm.provider", type = "string", env = "LLM_PROVIDER", used = false,
    about = "who answers questions about a failure" },
  { key = "llm.api_key", type = "string", env = "LLM_API_KEY", secret = true, used = false,
    about = "the key of that provider" },
  { key = "llm.model", type = "string", env = "LLM_MODEL", used = false,
    about = "its model" },
  { key = "mcp.enabled", type = "boolean", env = "MCP_ENABLED", used = false,
    about = "ask an MCP server about failures" },
  { key = "mcp.server_url", type = "url", env = "MCP_SERVER_URL", used = false,
    about = "an MCP server over HTTP" },
  { key = "mcp.command", type = "string", env = "MCP_COMMAND", used = false,
    about = "an MCP server as a command" },
  { key = "mcp.args", type = "list", env = "MCP_ARGS", used = false,
    about = "its arguments" },
}

local by_key = {}
for _, setting in ipairs(schema) do by_key[setting.key] = setting end
schema.by_key = by_key

--- What may stand under skills.<name> in nano-sre.lua, and in a store's own list of skills.
schema.skill_fields = { enabled = "boolean", timeout = "duration", options = "table",
  every = "minutes", cron = "string", hours = "string", timezone = "string", severity = "string",
  fails = "count", of = "count", passes = "count", errors = "count", parents = "list",
  labels = "table" }

--- Tables of nano-sre.lua that are read as they are; who uses them checks them
--- (watch/settings.lua).
schema.tables = { stores = true, routes = true, maintenance = true, alerts = true,
  triggers = true }

return schema
