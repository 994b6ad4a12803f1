--- Product cards, prices and pictures, as home, collection, search and product pages show them.

local html = require "demo.html"
local images = require "demo.images"

local card = {}

local fill = html.fill

local CARD = [[
<li class="grid__item{?trigger:[ scroll-trigger animate--slide-in]}">
<div class="card-wrapper product-card-wrapper">
<div class="card card--standard card--media">
<div class="card__inner">
<div class="card__media">{=picture}</div>
<div class="card__content">
<div class="card__information"><h3 class="card__heading"><a href="{url}"
 id="StandardCardNoMediaLink-{section}-{id}"
 class="full-unstyled-link">{title}</a></h3></div>
<div class="card__badge">{=badge}</div>
</div>
</div>
<div class="card__content">
<div class="card__information">
<h3 class="card__heading h5" id="title-{section}-{id}"><a href="{url}" id="CardLink-{section}-{id}"
 class="full-unstyled-link">{title}</a></h3>
<div class="card-information"><span class="card__vendor">{vendor}</span>{=price}</div>
</div>
</div>
</div>
</div>
</li>
]]

local PRICE = [[
<div class="price{?sale:[ price--on-sale]}{?sold_out:[ price--sold-out]}"><div
 class="price__container">
{?sale:[<span class="visually-hidden">Regular price</span><s
 class="price-item price-item--regular">{old}</s>
<span class="visually-hidden">Sale price</span>]}<span
 class="price-item price-item--{kind}">{?from:[From ]}{now}</span>
</div></div>
]]

--- A picture element's img with sizes to choose from.
---@param picture table  a catalog image
---@param options table  { sizes, width?, class?, eager? }
function card.picture(picture, options)
  local set = {}
  for i, width in ipairs(images.widths) do
    if width <= picture.width then
      set[i] = ("/cdn/shop/files/%s.png?v=1&width=%d %dw"):format(picture.name, width, width)
    end
  end
  return fill([[<img src="/cdn/shop/files/{name}.png?v=1&amp;width=533" srcset="{set}"
 sizes="{sizes}" alt="{alt}" width="{width}" height="{height}" class="{class}" {=loading}>]], {
    name = picture.name, set = table.concat(set, ", "), sizes = options.sizes, alt = picture.alt,
    width = picture.width, height = picture.height, class = options.class or "motion-reduce",
    loading = options.eager and 'fetchpriority="high"' or 'loading="lazy"',
  })
end

--- The price block of a product or variant.
---@param item table     price, compare_at_price, available
---@param product table?  when item is a product whose variants differ in price
function card.price(item, product)
  local sale = item.compare_at_price and item.compare_at_price > item.price
  local varies = false
  for _, variant in ipairs(product and product.variants or {}) do
    varies = varies or variant.price ~= item.price
  end
  return fill(PRICE, {
    sale = sale, old = sale and html.money(item.compare_at_price) or "",
    now = html.money(item.price),
    kind = sale and "sale" or "regular", sold_out = not item.available, from = varies,
  })
end

function card.badge(item)
  if not item.available then return '<span class="badge badge--sold-out">Sold out</span>' end
  if item.compare_at_price and item.compare_at_price > item.price then
    return '<span class="badge badge--sale">Sale</span>'
  end
  return ""
end

--- A grid of cards.
---@param products table[]
---@param section string   id of the section, for element ids
---@param eager number     how many pictures are above the fold
---@param trigger boolean  whether cards appear only when scrolled to
function card.grid(products, section, eager, trigger)
  return '<ul class="grid product-grid" role="list">\n'
    .. html.each(CARD, products, function(product, i)
    return {
      url = "/products/" .. product.handle, id = product.id, section = section,
      title = product.title,
      vendor = product.vendor, badge = card.badge(product), price = card.price(product, product),
      trigger = trigger and i > eager,
      picture = card.picture(product.images[1], {
        sizes = "(min-width: 990px) 280px, (min-width: 750px) calc((100vw - 120px) / 3), "
          .. "calc((100vw - 48px) / 2)",
        eager = i <= eager,
      }),
    }
  end) .. "</ul>\n"
end

--- The tiles that lead to collections.
---@param collections table[]
function card.collections(collections)
  return html.each('<li><a href="/collections/{handle}"><span>{title}</span><small>{text}</small>'
    .. "</a></li>", collections)
end

return card
