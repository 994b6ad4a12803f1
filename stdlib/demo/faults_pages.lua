--- Faults of the demo store that shoppers meet on its pages: wrong prices, errors of the theme,
--- scripts and pictures that are gone, pages that never come. The shape of a fault is described in
--- demo/faults.lua, which lists these with its own.

local body = require "demo.body"
local html = require "demo.html"
local response = require "demo.response"

local faults = {}

local function into_head(text, markup)
  return (text:gsub("</head>", function() return markup .. "</head>" end, 1))
end

local function is_product(request) return request.path:find("^/products/[%w-]+$") ~= nil end

faults.stale_price = {
  about = "Product pages show a price of last week, a fifth below what the cart asks for",
  page = function(text, request)
    if not is_product(request) then return text end
    return (text:gsub('(<span%s+class="price%-item price%-item%-%-%a+">)%$([%d,.]+)',
      function(tag, amount)
        local cents = tonumber((amount:gsub("[,.]", "")))
        return tag .. html.money(math.floor(cents * 0.8))
      end, 1))
  end,
}

faults.hydration_error = {
  about = "The review badge on product pages is drawn twice, by the server and by the browser, and "
    .. "the two differ",
  page = function(text, request)
    if not is_product(request) then return text end
    return into_head(text, '<script src="/assets/review-badge.js" defer></script>\n')
  end,
  assets = { ["review-badge.js"] = [[
/* StarBadge 5.1 */
(function hydrateRoot() {
  var server = '4.8 (112)', client = '4.9 (131)';
  if (server === client) return;
  throw new Error("Hydration failed because the server rendered text didn't match the client. " +
    'As a result this tree will be regenerated on the client. + ' + client + ' - ' + server);
})();
]] },
}

faults.liquid_error = {
  about = "An error of the theme stands in product pages where the size chart was, and a button "
    .. "has lost its translation",
  page = function(text, request)
    if not is_product(request) then return text end
    return (text:gsub('(<div class="product__description rte">)', "%1<p>Liquid error "
      .. "(snippets/size-chart line 14): Could not find asset snippets/size-table.liquid</p>"
      .. "<p>Translation missing: en.products.product.size_chart</p>", 1))
  end,
}

-- The Ajax cart is left alone: what is refused is what themes and apps read beside it.
local API = { "^/products/[%w-]+%.js$", "^/products%.json$", "^/search/suggest",
  "^/api/[%w-]+/graphql%.json$", "^/recommendations/" }

faults.rate_limited = {
  about = "The shop refuses what pages ask for (429), because an app asks far too often",
  page = function(text, request)
    if not is_product(request) then return text end
    return into_head(text, '<script src="/assets/live-stock.js" defer></script>\n')
  end,
  assets = { ["live-stock.js"] = [[
/* Live Stock 2.0: how many are left, asked again and again. */
var asked = 0;
var timer = setInterval(function () {
  fetch(location.pathname + '.js').then(function (answer) {
    if (answer.ok) document.documentElement.dataset.stock = 'known';
  });
  if (++asked === 5) clearInterval(timer);
}, 20);
]] },
  answer = function(request)
    for _, pattern in ipairs(API) do
      if request.path:find(pattern) then
        local out = response.text("Too Many Requests", 429)
        out.headers["retry-after"] = "2"
        return out
      end
    end
  end,
}

faults.app_script_404 = {
  about = "An app's script is gone: the app was removed, its code stayed in the theme",
  page = function(text)
    return into_head(text, '<script src="/extensions/0191f7a2-6c1e-7d20-9b1c-3f4a55e0c2d1/'
      .. 'countdown-timer-plus-42/assets/countdown.js" async></script>\n')
  end,
}

faults.broken_image = {
  about = "The picture of the first product was deleted, but pages still show it",
  answer = function(request)
    if request.path:find("^/cdn/shop/files/alpenglow%-snowboard%.png") then
      return response.text("Not Found", 404)
    end
  end,
}

faults.redirect_loop = {
  about = "The menu's “Last season” leads in circles: two redirects send shoppers to each other",
  answer = function(request)
    local path = request.path
    if path == "/collections/sale" then return response.redirect("/collections/last-season",
      301) end
    if path == "/collections/last-season" then return response.redirect("/collections/sale",
      301) end
  end,
}

faults.endless_loading = {
  about = "The cart page never comes: it waits for a script of an app that does not answer",
  page = function(text, request)
    if request.path ~= "/cart" then return text end
    return into_head(text, '<script src="/apps/gift-wrap/embed.js"></script>\n')
  end,
  answer = function(request)
    if request.path ~= "/apps/gift-wrap/embed.js" then return nil end
    -- The server gives up on an answer that does not come: so one wait leads to the next.
    local out = response.new(200, "text/javascript; charset=utf-8",
      [[document.write('<script src="/apps/gift-wrap/embed.js?again"></' + 'script>');]],
        "no-store")
    out.delay_ms = 20000
    return out
  end,
}

-- The product is found by what the form sends, as at a real shop, whose pages come from a cache.
faults.sold_out_shown_available = {
  about = "The first product is sold out, but its page still offers it",
  answer = function(request, shop)
    if request.method ~= "POST" or not request.path:find("^/cart/add") then return nil end
    local _, product = shop:find_variant(tonumber((body.parse(request) or {}).id))
    if not product or product.number ~= 1 then return nil end
    local words = ("The product '%s' is already sold out."):format(product.title)
    return response.javascript({ status = 422, message = "Cart Error", description = words,
      errors = words }, 422)
  end,
}

faults.layout_change = {
  about = "Since an app's update its style hides the add-to-cart button and pushes the title down",
  page = function(text, request)
    if not is_product(request) then return text end
    return into_head(text, '<link rel="stylesheet" href="/assets/sticky-bar.css">\n')
  end,
  assets = { ["sticky-bar.css"] = [[
/* Sticky Bar Pro 3.0: the bar has a button of its own */
.product-form__buttons, .product-form__submit { display: none !important; }
.product__title { margin-top: 96px !important; }
]] },
}

-- A tree that is far deeper than any page: laying it out takes more stack than the tab has.
faults.renderer_crash = {
  about = "Product pages crash the browser's tab",
  page = function(text, request)
    if not is_product(request) then return text end
    return into_head(text, '<script src="/assets/size-advisor.js" defer></script>\n')
  end,
  assets = { ["size-advisor.js"] = [[
/* Size Advisor: nests one box in another and forgets to stop. */
var advisor = document.createElement('div'), box = advisor;
for (var depth = 0; depth < 20000; depth++) box = box.appendChild(document.createElement('div'));
box.textContent = 'M';
document.body.appendChild(advisor);
advisor.getBoundingClientRect();
]] },
}

return faults
