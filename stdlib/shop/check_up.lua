--- The steps of shopify_doctor and headless_probe that put several parts together: what is compared
--- with the shop's own word, and what is left out and why.

local advice = require "advice"
local back_office = require "shop.back_office"
local crawl = require "shop.crawl"
local fault = require "fault"
local look = require "shop.look"
local price = require "shop.price"
local storefront = require "shop.storefront"
local structured = require "shop.structured"
local throttle = require "shop.throttle"
local truth = require "shop.truth"

local check_up = {}

--- The structured data of the product page that was looked at, against the shop's own price.
---@param t table
---@param views table[]
---@param found table
function check_up.structured(t, views, found)
  local view = look.find(views, "product page")
  if not view then return t.note("no product page was looked at") end
  local product, why = truth.product(t, view.url)
  if not product then t.note("its price was not compared: " .. why) end
  structured.check(view, product, found)
end

--- The Admin API, if there is a token; says what was left out if not.
---@param t table
---@param views table[]
---@param found table
---@param options { token: Secret?, url: string? }
---@return table? facts
function check_up.back_office(t, views, found, options)
  local token = options.token or t.store.admin_api_key
  local left_out = "theme, products without picture or price"
  local url, why = back_office.address(t, views, options.url)
  if not token or not url then
    why = not token and "there is no Admin API token (SHOPIFY_ADMIN_API_KEY)" or why
    t.note(("left out: %s; %s"):format(left_out, why))
    t.detail("left_out", { what = left_out, why = why })
    return { words = "without an Admin API token its theme and catalogue were left out" }
  end
  local facts = back_office.check(t, found, { url = url, token = token })
  if not facts then return nil end
  t.detail("shop", facts)
  facts.words = ("%s products of %s have picture and price"):format(facts.products or "no",
    facts.shop or "the shop")
  return facts
end

--- The path of the product to look at: the one that is named, or the first one linked.
---@param t table
---@param page Page
---@param views table[]   of the home page
---@param handle string?
---@return string path
function check_up.product_path(t, page, views, handle)
  if handle then return "/products/" .. handle end
  local function first(view)
    for _, link in ipairs(view.links) do
      local path = storefront.path_of(link.url)
      if path:find("/products/[^/]+$") then return path end
    end
  end
  local path = first(views[1])
  if not path then path = first(look.at(t, page, "/collections/all", "collection page")) end
  if path then return path end
  fault.failure(storefront.no_product())
end

--- Requests that the shop refuses: those of its pages, and one each to the addresses that themes
--- and headless shops live on.
---@param t table
---@param views table[]
---@param found table
function check_up.rate_limits(t, views, found)
  local view = look.find(views, "product page")
  throttle.check(t, views, found, view and view.url:match("/products/([^/?#]+)"))
end

--- The price that the product page shows, against the shop's own and the Storefront API's.
---@param t table
---@param page Page   at the product page
---@param view table
---@param found table
---@param token Secret?
function check_up.price(t, page, view, found, token)
  local shown = price.shown(page)
  local product, why = truth.product(t, view.url)
  if product then
    price.compare(t, shown, product, found, "the shop")
  else
    t.note("the price was not compared: " .. why)
  end
  if not token then
    t.note("left out: the Storefront API; there is no token for it (option token)")
    return
  end
  local handle = view.url:match("/products/([^/?#]+)")
  local other, problem, answer = truth.storefront_product(t, handle, token)
  if answer then
    throttle.check_answer("the Storefront API", answer.status, answer.headers, found)
  end
  if other then
    price.compare(t, shown, other, found, "the Storefront API")
  elseif not answer or answer.ok then
    found.poor("the Storefront API cannot be used: " .. problem)
  elseif answer.status ~= 429 and answer.status ~= 430 then
    found.bad("the Storefront API fails: " .. problem, { code = "http-status",
      hint = advice.of("http-status", { status = answer.status }) })
  end
end

check_up.follow_links = crawl.links
check_up.follow_images = crawl.images

return check_up
