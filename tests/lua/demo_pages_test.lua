-- The demo store's pages and the JSON of its products.

local lib = assert(sys.load_trusted(sys.files.read "tests/lua/demo_visitor.lua",
  "tests/lua/demo_visitor.lua"))()
local shop_module = require "demo.shop"
local url = require "url"

local variant_id, visitor = lib.variant_id, lib.visitor

-- The addresses in a page's href, src and srcset that are the shop's own.
local function addresses(page)
  local list = {}
  local text = page:gsub("<script>.-</script>", "")
  for value in text:gmatch('[%s]href="([^"]*)"') do list[#list + 1] = value end
  for value in text:gmatch('[%s]src="([^"]*)"') do list[#list + 1] = value end
  for set in text:gmatch('srcset="([^"]*)"') do
    for value in set:gmatch("([^%s,]+)[^,]*") do list[#list + 1] = value end
  end
  local own = {}
  for _, value in ipairs(list) do
    value = value:gsub("&amp;", "&"):gsub("#.*$", ""):gsub("^http://shop%.example", "")
    if value:sub(1, 1) == "/" then own[#own + 1] = value end
  end
  return own
end

local shop, me
before_each(function()
  shop = shop_module.new()
  me = visitor(shop)
end)

describe("pages of the demo store", function()
  it("lead only to what exists, and every picture is one", function()
    local seen, queue, pages = {}, { "/", "/search?q=board", "/collections", "/sitemap.xml" }, 0
    me.post("/cart/add", { id = variant_id(shop, "alpenglow-snowboard") })
    queue[#queue + 1] = "/cart"
    while #queue > 0 do
      local address = table.remove(queue)
      if not seen[address] and not address:find("^/cart/change") then
        seen[address] = true
        local out = me.get(address)
        if out.status ~= 200 then error(address .. " answers " .. out.status) end
        local kind = out.headers["content-type"]
        if address:find("^/cdn/shop/files/") then
          expect(kind):is("image/png")
          expect(out.body:sub(1, 8)):is("\137PNG\r\n\26\n")
        elseif kind:find("text/html", 1, true) then
          pages = pages + 1
          if out.body:find("{[%a_]+}") then
            error(address .. " has a hole: " .. out.body:match("{[%a_]+}"))
          end
          for _, found in ipairs(addresses(out.body)) do
            -- Each picture in its smallest size: the others are drawn the same way.
            if not found:find("width=") or found:find("width=165") then
              queue[#queue + 1] = found
            end
          end
        end
      end
    end
    expect(pages > 25):is(true)
  end, { timeout_ms = 120000 })

  it("have the parts that a theme has", function()
    local page = me.get("/products/alpenglow-snowboard").body
    expect(page):matches('<product%-form.-<form.-data%-type="add%-to%-cart%-form"')
    expect(page):matches('<input type="hidden"%s+name="id" value="%d+" disabled%s+class="product')
    expect(page):matches('<button id="ProductSubmitButton%-[%w-]+" type="submit" name="add"%s+'
      .. 'class="product%-form__submit')
    expect(page):matches('product%-form__error%-message%-wrapper" role="alert" hidden')
    expect(page):matches('id="cart%-icon%-bubble"')
    expect(page):matches('id="cart%-notification"')
    -- The first form that posts to /cart/add has no add button, as instalment forms have not.
    local first = page:match('<form[^>]-action="/cart/add".-</form>')
    expect(first:find('name="add"', 1, true)):is(nil)
  end)

  it("link each product twice from its card, hidden first", function()
    local page = me.get("/collections/all").body
    local card = page:match('<li class="grid__item.-</li>')
    local count = select(2, card:gsub('href="/products/alpenglow%-snowboard"', ""))
    expect(count):is(2)
    expect(sys.resource("demo/theme.css"))
      :matches("%.card%-%-media %.card__inner %.card__information { display: none; }")
  end)

  it("show what is sold out, reduced or chosen", function()
    local sold_out = me.get("/products/first-chair-splitboard").body
    expect(sold_out):matches('name="add"%s+class="[^"]*" disabled>%s*<span>Sold out</span>')
    expect(me.get("/products/spindrift-shell-jacket").body):matches("%$429%.00</s>")
    local id = variant_id(shop, "alpenglow-snowboard", "156")
    expect(me.get("/products/alpenglow-snowboard?variant="
      .. id).body):matches('value="156"[^>]-checked')
  end)

  it("answer 404 with a page", function()
    for _, address in ipairs { "/products/nope", "/collections/nope", "/nope",
      "/cdn/shop/files/nope.png",
      "/products/nope.js", "/pages/nope", "/assets/nope.js", "/assets/../shop.lua" } do
      expect(me.get(address).status):is(404)
    end
    expect(me.request("DELETE", "/cart").status):is(404)
  end)

  it("carry the headers of a real shop", function()
    local out = me.get("/", { ["accept-encoding"] = "gzip, br" })
    expect(out.headers["powered-by"]):is("Shopify")
    expect(out.headers["content-type"]):is("text/html; charset=utf-8")
    expect(out.headers["content-encoding"]):is("gzip")
    expect(sys.codec.gunzip(out.body)):matches("^<!doctype html>")
    local js = me.get("/assets/theme.js")
    expect(js.headers["content-type"]):is("text/javascript; charset=utf-8")
    expect(js.headers["cache-control"]):matches("immutable")
    expect(me.get("/assets/theme.js", { ["if-none-match"] = js.headers.etag }).status):is(304)
    expect(me.get("/cart.js").headers["cache-control"]):is("no-store")
  end)

  it("never mix text from outside into markup", function()
    local page = me.get("/search?q=" .. url.encode('"><script>alert(1)</script>')).body
    expect(page:find("<script>alert", 1, true)):is(nil)
    expect(page):matches("&lt;script&gt;alert")
  end)
end)

describe("product JSON", function()
  it("has cents at .js and decimal text at .json", function()
    local ajax = me.json(me.get("/products/spindrift-shell-jacket.js"))
    expect(ajax.price):is(34900)
    expect(ajax.compare_at_price):is(42900)
    expect(#ajax.variants):is(8)
    expect(ajax.variants[8].available):is(false)
    expect(ajax.variants[1].options):same { "Glacier", "S" }
    expect(ajax.options[1]):same { name = "Color", position = 1, values = { "Glacier", "Ember" } }
    local rest = me.json(me.get("/products/spindrift-shell-jacket.json")).product
    expect(rest.variants[1].price):is("349.00")
    expect(rest.variants[1].available):is(nil)
    expect(me.json(me.get("/products/hut-flask.js")).variants[1].title):is("Default Title")
  end)

  it("comes in pages", function()
    local all = me.json(me.get("/products.json?limit=250")).products
    expect(#all):is(12)
    local second = me.json(me.get("/products.json?limit=5&page=2")).products
    expect(#second):is(5)
    expect(second[1].id):is(all[6].id)
    expect(me.get("/products.json?page=9").body):is('{"products":[]}')
    expect(all[1].variants[1].available):is(true)
    expect(#me.json(me.get("/collections/snowboards/products.json")).products):is(2)
  end)
end)
