-- api: 1
--
-- The lab's journey as a user of nano-sre writes it: home → product → add → checkout, the pixels'
-- requests counted, a picture of the whole page.

local PHONE = { width = 430, height = 932, scale = 3, mobile = true, touch = true,
  agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    .. "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1" }

local PIXELS = { "^https?://www%.facebook%.com/tr",
  "^https?://www%.google%-analytics%.com/g/collect",
  "^https?://analytics%.tiktok%.com/api/v2/pixel" }

local function is_hit(url)
  for _, pattern in ipairs(PIXELS) do
    if url:find(pattern) then return true end
  end
end

return skill "shopper" {
  about   = "What the browser bench of the lab asks for",
  needs   = { "browser" },
  options = { pixels = option.number { about = "requests of pixels to wait for", default = 18 } },

  run = function(t, o)
    local page, home, seen, picture
    t.step("context", function() page = t.page { device = PHONE } end)
    t.step("home", function()
      page:goto(t.store.url)
      home = page:vitals()
    end)
    t.step("product", function()
      page:click(".product-grid .card a")
      page:wait_for_load()
      page:vitals()
    end)
    t.step("add", function()
      page:click("#ProductSubmitButton")
      page:wait_for(".cart-count-bubble >> has-text=1")
    end)
    t.step("checkout", function()
      page:click("#CartDrawer-Checkout")
      page:wait_for_load()
      page:vitals()
      seen = #page:requests { url = is_hit }
      while seen < o.pixels do
        page:wait_for_event("requestfinished", nil, { timeout = "2s" })
        seen = #page:requests { url = is_hit }
      end
    end)
    t.step("shot", function()
      picture = page:screenshot { full_page = true, steady = false }
    end)
    t.detail("load_ms", home.load_ms)
    t.detail("lcp_ms", home.lcp_ms)
    t.detail("pixels", seen)
    t.detail("shot_bytes", #picture)
  end,
}
