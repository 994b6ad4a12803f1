-- api: 1
--
-- Looks at the shop's pages as a phone and a desktop show them, and compares each with its
-- baseline: how much of the picture has changed, and which elements moved, vanished or appeared.
-- The first run takes the baselines; `nano-sre baseline` shows, approves and resets them.

local visual = require "visual"

return skill "visual_auditor" {
  about    = "Pages look as they did: nothing vanished, nothing covers or moves the buy button",
  every    = "6h",
  timeout  = "5m",
  severity = "P1",
  tags     = { "visual", "theme" },
  needs    = { "browser" },
  options  = {
    pages     = option.list { default = { "home", "collection", "product", "cart" },
      about = "home, collection, product, cart, or a path: about=/pages/about" },
    devices   = option.list { default = { "iPhone 17 Pro", "Desktop" }, min = 1 },
    product   = option.string { about = "handle of the product; default: the first one linked" },
    mask      = option.list { about = "selectors of what changes by itself, and is covered",
      default = {} },
    hide      = option.list { about = "CSS of what is taken off the page: pop-ups", default = {} },
    keys      = option.list { about = "selectors of what must stay, beside the buy buttons",
      default = {} },
    allowed   = option.number { about = "per cent of a picture that may change", default = 0.5,
      min = 0, max = 100 },
    threshold = option.number { about = "how different a pixel must be: 0 strict, 1 blind",
      default = 0.1, min = 0, max = 1 },
    height    = option.number { about = "pixels of a long page that are compared", default = 5000,
      min = 200, max = 16000 },
    changes   = option.enum { "warn", "fail", default = "warn",
      about = "what a change is that leaves the buy button alone" },
    consent   = option.enum { "decline", "accept", "ignore", default = "decline",
      about = "the answer to a cookie banner" },
    redact    = option.boolean { about = "cover fields that hold personal data", default = false },
  },

  run = function(t, o)
    local audit = visual.audit(t, o)
    for _, device in ipairs(o.devices) do
      audit.visit(device)
      for _, page in ipairs(audit.pages) do audit.look(page) end
    end
    audit.finish()
  end,
}
