--- The home page.

local card = require "demo.pages.card"
local html = require "demo.html"
local layout = require "demo.pages.layout"

local CONTENT = [[
<section id="shopify-section-image-banner" class="shopify-section banner">
<picture class="banner__media">
<source media="(min-width: 750px)" srcset="/cdn/shop/files/hero-wide.png?v=1" width="1800"
 height="1000">
<img src="/cdn/shop/files/hero-tall.png?v=1"
 alt="Last light on a mountain range, somebody riding down in fresh snow"
 width="1206" height="1500" fetchpriority="high" class="banner__image" id="hero-image">
</picture>
<div class="banner__content"><div class="banner__box">
<p class="banner__eyebrow">Winter 24/25</p>
<h1 class="banner__heading">Ride the last light</h1>
<p class="banner__text">Boards, shells and small comforts for days that end later than planned.</p>
<a href="/collections/all" class="button button--primary">Shop the collection</a>
</div></div>
</section>
<section id="shopify-section-featured-collection" class="shopify-section featured page-width">
<div class="title-wrapper"><h2 class="title">New on the rack</h2>
<a href="/collections/all" class="underlined-link">View all</a></div>
{=featured}</section>
<section id="shopify-section-multicolumn"
 class="shopify-section multicolumn scroll-trigger animate--slide-in">
<ul class="multicolumn__list page-width" role="list">
<li>{=truck}<h3>Out the door today</h3><p>Ordered by two, shipped by four, tracked all the
 way.</p></li>
<li>{=mend}<h3>Mended for life</h3><p>Send it back torn, get it back whole. No receipt, no
 questions.</p></li>
<li>{=mountain}<h3>Ridden here first</h3><p>Nothing goes on the rack that has not done a
 season.</p></li>
</ul></section>
<section id="shopify-section-sale"
 class="shopify-section featured page-width scroll-trigger animate--slide-in">
<div class="title-wrapper"><h2 class="title">Last season, better price</h2>
<a href="/collections/sale" class="underlined-link">View all</a></div>
{=sale}</section>
<section id="shopify-section-collection-list" class="shopify-section collections page-width">
<h2 class="title">By the day's plan</h2><ul class="collection-list"
 role="list">{=collections}</ul></section>
]]

--- The home page.
---@param view table
---@return string
return function(view)
  local featured, sale = {}, {}
  for i = 1, math.min(8, #view.products) do featured[i] = view.products[i] end
  for _, product in ipairs(view.products) do
    if product.compare_at_price then sale[#sale + 1] = product end
  end
  local collections = {}
  for i = 2, #view.collections do collections[#collections + 1] = view.collections[i] end
  return layout.page(view, {
    template = "index", title = "Snow gear", path = "/",
    content = html.fill(CONTENT, {
      featured = card.grid(featured, "featured-collection", 0, true),
      sale = card.grid(sale, "sale", 0, false),
      truck = layout.icons.truck, mend = layout.icons.mend, mountain = layout.icons.mountain,
      collections = card.collections(collections),
    }),
  })
end
