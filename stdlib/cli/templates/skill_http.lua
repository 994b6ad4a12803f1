-- api: 1
-- Try it:  nano-sre run SKILL_NAME --url https://my-shop.example
-- Help:    docs/writing-skills.md of nano-sre; editors with LuaLS complete and check this file.

return skill "SKILL_NAME" {
  about   = "One sentence: what does this ask the shop, and what must be true?",
  every   = "5m",
  timeout = "30s",
  needs   = { "http" },
  options = {
    path = option.string { about = "what to ask for", default = "/" },
  },

  run = function(t, o)
    t.step("the shop answers", function()
      local response = t.http.get(t.store.url .. o.path)
      t.expect(response.status, "the HTTP status of " .. o.path):is(200)
      t.measure("first_byte_ms", response.timings.first_byte, { page = o.path, baseline = true })
    end)
  end,
}
