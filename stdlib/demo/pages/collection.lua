--- Collection pages, the list of collections, and search results.

local card = require "demo.pages.card"
local html = require "demo.html"
local layout = require "demo.pages.layout"

local pages = {}

--- One collection.
---@param view table
---@param collection table  { handle, title, text }
---@param products table[]  those in it
function pages.collection(view, collection, products)
  return layout.page(view, {
    template = "collection", title = collection.title, description = collection.text,
    path = "/collections/" .. collection.handle,
    content = html.fill([[
<div class="collection-hero page-width"><h1 class="title">{title}</h1><p>{text}</p></div>
<div id="ProductGridContainer" class="collection page-width">
<p class="product-count" role="status">{count} products</p>
{=grid}</div>
]], {
      title = collection.title, text = collection.text, count = #products,
      grid = card.grid(products, "product-grid", 2, true),
    }),
  })
end

--- All collections.
function pages.list(view)
  return layout.page(view, {
    template = "list-collections", title = "Collections",
    content = html.fill([[
<section class="collections page-width"><h1 class="title">Collections</h1>
<ul class="collection-list" role="list">{=list}</ul></section>
]], {
      list = card.collections(view.collections),
    }),
  })
end

--- The search page.
---@param view table
---@param terms string       what was asked for, "" for the empty page
---@param products table[]   what was found
function pages.search(view, terms, products)
  local result = ""
  if terms ~= "" and #products == 0 then
    result = html.fill('<p role="status">No results found for “{terms}”. Check the spelling or use '
      .. "a different word.</p>", { terms = terms })
  elseif terms ~= "" then
    result = html.fill('<p role="status">{count} results for “{terms}”</p>',
      { count = #products, terms = terms })
      .. card.grid(products, "search", 2, false)
  end
  return layout.page(view, {
    template = "search", title = "Search", path = "/search",
    content = html.fill([[
<section class="search page-width"><h1 class="title">Search</h1>
<form action="/search" method="get" role="search" class="search__form"><div class="field">
<input class="field__input" id="Search-In-Template" type="search" name="q" value="{terms}"
 placeholder="Search">
<label class="visually-hidden" for="Search-In-Template">Search</label>
<button class="button button--primary" type="submit">Search</button></div></form>
{=result}</section>
]], { terms = terms, result = result }),
  })
end

return pages
