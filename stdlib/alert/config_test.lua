local describe, it, expect = describe, it, expect
local config_of = require "alert.config"

local function config(alerts, url, environment)
  return { tables = { alerts = alerts }, cwd = "/nonexistent", get = function() return url end,
    environment = function(name) return (environment or {})[name] end }
end

describe("the configuration of alerters", function()
  it("knows a bare webhook by its host", function()
    for url, use in pairs {
      ["https://hooks.slack.com/services/T/B/x"] = "slack",
        ["https://hooks.slack-gov.com/x"] = "slack",
      ["https://discord.com/api/webhooks/1/x"] = "discord",
        ["https://ptb.discord.com/api/webhooks/1/x"] = "discord",
      ["https://discordapp.com/api/webhooks/1/x"] = "discord",
        ["https://discord.com/other"] = "webhook",
      ["https://hooks.slack.com.evil.example/x"] = "webhook",
        ["https://evil.example/hooks.slack.com"] = "webhook",
      ["https://evildiscord.com/api/webhooks/1/x"] = "webhook",
        ["http://127.0.0.1:9/x"] = "webhook",
      ["https://me:x@hooks.slack.com:443/x"] = "slack",
    } do
      expect(config_of.webhook_kind(url)):is(use)
    end
    local made = config_of.read(config(nil, "https://discord.com/api/webhooks/1/x"))
    expect(made.discord.options):same { webhook_url = "https://discord.com/api/webhooks/1/x" }
    expect(config_of.names(config(nil, "https://x.example/"))):same { "webhook" }
    expect(config_of.names(config())):same { "stdout" }
  end)

  it("takes secrets from the environment, and says which is missing", function()
    local made = config_of.read(config({ slack = { webhook_url = { env = "S" } },
      ops = { use = "slack",
      webhook_url = { env = "T" }, nested = { a = { env = "S" } } }, off = false }, nil,
        { S = "https://s" }))
    expect(made.slack.options.webhook_url):is "https://s"
    expect(made.ops.problem):is "alerts.ops: T is not set in the environment"
    expect(made.ops.use):is "slack"
    expect(made.off):is(nil)
  end)

  it("says what is no alerter", function()
    expect(config_of.read(config {
      slack = "https://x" }).slack.problem):matches "must be a table of options"
    local _, why = config_of.script(config(), "slak")
    expect(why):matches 'did you mean "slack"'
    _, why = config_of.script(config(), "../../etc/passwd")
    expect(why):matches "no alerter"
    expect(config_of.read(config { x = { use = "../x" } }).x.problem):matches "alerts.x.use"
  end)
end)
