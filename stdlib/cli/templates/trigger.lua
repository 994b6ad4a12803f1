-- api: 1
-- Try it:  nano-sre trigger TRIGGER_NAME --dry-run
-- Help:    docs/triggers.md of nano-sre; editors with LuaLS complete and check this file.

return trigger "TRIGGER_NAME" {
  about   = "One sentence: when does this run which checks?",
  every   = "5m",
  needs   = { "http" },
  options = {
    feed = option.string { about = "a list of products, below the shop's address",
      default = "/products.json" },
  },

  run = function(t, o)
    -- A product that was not there the last time is bought at once, by a shopper.
    local products = t.http.get(t.stores[1].url .. o.feed):json().products
    local newest = products[1] and products[1].handle
    if t.learned and newest and newest ~= t.learned then
      t.run("checkout", { product = newest })
    end
    t.learn(newest or "")
  end,
}
