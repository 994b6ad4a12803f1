--- Faults of the demo store that change where things are on its pages, and break nothing else. The
--- shape of a fault is described in demo/faults.lua, which lists these with its own.

local faults = {}

local function is_product(request) return request.path:find("^/products/[%w-]+$") ~= nil end

-- An app's style sheet and markup on product pages, the markup before the product.
local function app(name, markup)
  return function(text, request)
    if not is_product(request) then return text end
    text = text:gsub("</head>", function()
      return ('<link rel="stylesheet" href="/assets/%s.css">\n</head>'):format(name)
    end, 1)
    return (text:gsub('<main id="MainContent"[^>]*>', function(tag) return tag .. markup end, 1))
  end
end

faults.button_pushed_down = {
  about = "An app's banner on product pages pushes add-to-cart out of the first view",
  page = app("season-banner", [[<section class="season-banner" aria-label="Season opening">
<h2>Season opening: lifts run from Friday</h2></section>]]),
  assets = { ["season-banner.css"] = [[
/* Season Banner 2.1 */
.season-banner { display: grid; place-items: center; height: 480px; background: #ffd9c7; }
]] },
}

faults.button_covered = {
  about = "An app's sticker lies over add-to-cart: it can be seen in part, and not be pressed",
  page = app("trust-sticker", [[<div class="trust-sticker" role="note">Trusted by 4,000
 riders</div>]]),
  assets = { ["trust-sticker.css"] = [[
/* Trust Sticker 1.4: meant to hang below the button */
.product-form__buttons { position: relative; anchor-name: --buy; }
.trust-sticker { position: absolute; z-index: 2; position-anchor: --buy; top: anchor(top);
  left: anchor(left); width: anchor-size(width); height: anchor-size(height); display: grid;
  place-items: center; background: #1b6b4ae6; color: #fff; }
]] },
}

return faults
