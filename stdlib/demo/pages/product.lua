--- Product pages: gallery, variant picker, the form that adds to the cart (in the shape that most
--- Shopify themes share), description, recommendations.

local card = require "demo.pages.card"
local html = require "demo.html"
local layout = require "demo.pages.layout"

local fill = html.fill

local CONTENT = [[
<section id="MainProduct-{section}" class="product page-width">
<div class="product__media-wrapper">
<div class="product__media" id="MediaGallery-{section}">{=main_picture}<div
 class="card__badge">{=badge}</div></div>
{=thumbnails}</div>
<div class="product__info-wrapper"><product-info id="ProductInfo-{section}"
 class="product__info-container">
<p class="product__text caption">{vendor}</p>
<div class="product__title"><h1>{title}</h1></div>
<div id="price-{section}" role="status">{=price}</div>
<div class="product__tax caption">Taxes included. <a href="/policies/shipping-policy">Shipping</a>
 calculated at checkout.</div>
<form method="post" action="/cart/add" id="product-form-installment-{section}"
 accept-charset="UTF-8"
 class="installment caption-large" enctype="multipart/form-data"><input type="hidden"
 name="form_type" value="product">
<input type="hidden" name="utf8" value="✓"><input type="hidden" name="id" value="{variant_id}">
<p class="installment__text">or 4 interest-free payments of <span
 id="installment-{section}">{instalment}</span></p></form>
{=picker}
<div id="Quantity-Form-{section}" class="product-form__input product-form__quantity">
<label class="form__label" for="Quantity-{section}">Quantity</label>
<quantity-input class="quantity">
<button class="quantity__button" name="minus" type="button"
 aria-label="Decrease quantity for {title}">{=minus}</button>
<input class="quantity__input" type="number" name="quantity" id="Quantity-{section}" min="1"
 value="1" step="1"
 form="product-form-{section}">
<button class="quantity__button" name="plus" type="button"
 aria-label="Increase quantity for {title}">{=plus}</button>
</quantity-input></div>
<product-form class="product-form" data-hide-errors="false" data-section-id="{section}">
<div class="product-form__error-message-wrapper" role="alert" hidden="hidden"><span
 class="product-form__error-message"></span></div>
<form method="post" action="/cart/add" id="product-form-{section}" accept-charset="UTF-8"
 class="form"
 enctype="multipart/form-data" novalidate="novalidate" data-type="add-to-cart-form"><input
 type="hidden"
 name="form_type" value="product"><input type="hidden" name="utf8" value="✓">
<input type="hidden" name="id" value="{variant_id}" disabled class="product-variant-id">
<div class="product-form__buttons">
<button id="ProductSubmitButton-{section}" type="submit" name="add"
 class="product-form__submit button button--full-width button--primary"{?sold_out:[ disabled]}>
<span>{submit}</span><div class="loading__spinner hidden" aria-hidden="true"></div></button>
</div>
<input type="hidden" name="product-id" value="{product_id}"><input type="hidden" name="section-id"
 value="{section}">
</form></product-form>
<div class="product__description rte"><p>{text}</p></div>
<details class="product__accordion"><summary>Shipping &amp; returns</summary><p>Leaves our door the
 same day. Sixty days to
send it back, used or not.</p></details>
<details class="product__accordion"><summary>Care</summary><p>Dry it before you put it away. Mend
 it when it tears: we
help.</p></details>
<a href="/products/{handle}" class="product__view-details link">View full details</a>
</product-info></div>
</section>
<section class="product-recommendations featured page-width scroll-trigger animate--slide-in">
<div class="title-wrapper"><h2 class="title">You may also like</h2></div>
{=recommended}</section>
]]

local OPTION = [[
<fieldset class="js product-form__input product-form__input--pill"><legend
 class="form__label">{name}</legend>
{=values}</fieldset>
]]

local VALUE = [[
<input type="radio" id="{section}-{position}-{index}" name="{option}-{position}" value="{value}"
 form="product-form-{section}" data-option-position="{position}"{?checked:[ checked]}
{?out:[ class="disabled"]}>
<label for="{section}-{position}-{index}">{value}{?out:[<span class="visually-hidden"> Variant sold
 out or
unavailable</span>]}</label>
]]

local function value_available(product, position, value, chosen)
  for _, variant in ipairs(product.variants) do
    local fits = variant.options[position] == value and variant.available
    for other = 1, #product.options do
      if other < position and variant.options[other] ~= chosen.options[other] then fits = false end
    end
    if fits then return true end
  end
  return false
end

local function picker_data(product)
  local list = {}
  for i, variant in ipairs(product.variants) do
    list[i] = {
      id = variant.id, options = variant.options, available = variant.available,
      price = html.money(variant.price),
      compare = variant.compare_at_price and html.money(variant.compare_at_price) or nil,
      title = variant.title,
      image = variant.image.name, alt = variant.image.alt,
      instalment = html.money(math.floor(variant.price / 4)),
    }
  end
  return layout.script_json(list)
end

local function picker(product, chosen, section)
  if #product.options == 0 then return "" end
  local fields = html.each(OPTION, product.options, function(option, position)
    local values = {}
    for i, value in ipairs(option.values) do
      values[i] = fill(VALUE, {
        section = section, position = position, index = i, option = option.name, value = value,
        checked = chosen.options[position] == value,
        out = not value_available(product, position, value, chosen),
      })
    end
    return { name = option.name, values = table.concat(values) }
  end)
  return fill([[<variant-selects id="variant-selects-{section}" data-section="{section}">
{=fields}<script type="application/json" data-variants>{=data}</script></variant-selects>]],
    { section = section, fields = fields, data = picker_data(product) })
end

local function structured_data(view, product, chosen)
  return fill('<script type="application/ld+json">{=data}</script>\n', { data = layout.script_json {
    ["@context"] = "https://schema.org/", ["@type"] = "Product", name = product.title,
    description = product.text,
    url = view.base .. "/products/" .. product.handle, sku = chosen.sku,
    brand = { ["@type"] = "Brand",
      name = product.vendor },
    image = view.base .. "/cdn/shop/files/" .. product.images[1].name .. ".png?v=1",
    offers = { ["@type"] = "Offer", price = html.decimal(chosen.price),
      priceCurrency = view.shop.currency,
      availability = "http://schema.org/" .. (chosen.available and "InStock" or "OutOfStock"),
      url = ("%s/products/%s?variant=%d"):format(view.base, product.handle, chosen.id) },
  } })
end

-- What Shopify writes into product pages for its analytics; pixels read it.
local function analytics(product, chosen)
  local variants = {}
  for i, variant in ipairs(product.variants) do
    variants[i] = { id = variant.id, price = variant.price, sku = variant.sku,
      name = product.title }
  end
  return fill('<script>window.ShopifyAnalytics = { meta: {=meta} };</script>\n', {
    meta = layout.script_json { product = { id = product.id, title = product.title,
      vendor = product.vendor, variants = variants }, selectedVariantId = chosen.id } })
end

local function thumbnails(product)
  if #product.images < 2 then return "" end
  return '<ul class="product__thumbnails" role="list">'
    .. html.each([[<li><img src="/cdn/shop/files/{name}.png?v=1&amp;width=165"
 alt="{alt}" width="82" height="82" loading="lazy"></li>]], product.images) .. "</ul>"
end

local function recommended(view, product)
  local list = {}
  for offset = 1, #view.products - 1 do
    local other = view.products[(product.number + offset - 1) % #view.products + 1]
    if other.available and #list < 4 then list[#list + 1] = other end
  end
  return list
end

--- A product's page.
---@param view table
---@param product table
---@param chosen table  the variant to show
---@return string
return function(view, product, chosen)
  local section = "template--main"
  return layout.page(view, {
    template = "product", title = product.title, description = product.text, og_type = "product",
    path = "/products/" .. product.handle,
    head = structured_data(view, product, chosen) .. analytics(product, chosen),
    image = "/cdn/shop/files/" .. product.images[1].name .. ".png?v=1&width=1206",
    content = fill(CONTENT, {
      section = section, handle = product.handle, title = product.title, vendor = product.vendor,
      text = product.text,
      product_id = product.id, variant_id = chosen.id, sold_out = not chosen.available,
      submit = chosen.available and "Add to cart" or "Sold out", price = card.price(chosen),
      badge = card.badge(chosen),
      instalment = html.money(math.floor(chosen.price / 4)),
      picker = picker(product, chosen, section),
      minus = layout.icons.minus, plus = layout.icons.plus, thumbnails = thumbnails(product),
      main_picture = card.picture(chosen.image,
        { sizes = "(min-width: 990px) 600px, calc(100vw - 32px)", eager = true,
        class = "product__image" }),
      recommended = card.grid(recommended(view, product), "recommendations", 0, false),
    }),
  })
end
