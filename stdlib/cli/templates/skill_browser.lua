-- api: 1
-- Try it:  nano-sre run SKILL_NAME --url https://my-shop.example
-- Help:    docs/writing-skills.md of nano-sre; editors with LuaLS complete and check this file.

return skill "SKILL_NAME" {
  about   = "One sentence: what does a shopper do here, and what must be true?",
  every   = "30m",
  timeout = "60s",
  needs   = { "browser" },
  options = {
    path = option.string { about = "the page to open", default = "/" },
  },

  run = function(t, o)
    local page = t.page { device = "iPhone 17 Pro" }

    t.step("open the page", function()
      page:goto(t.store.url .. o.path)
    end)

    t.step("the page shows something", function()
      page:wait_for("css=body")
      t.expect(page:title(), "the page's title"):is_not("")
    end)

    local vitals = page:vitals()
    t.measure("lcp_ms", vitals.lcp_ms, { page = o.path, baseline = true })
    t.measure("cls", vitals.cls, { page = o.path })
  end,
}
