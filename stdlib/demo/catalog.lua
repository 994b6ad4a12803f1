--- What the demo store sells. Prices are in cents. A shop changes nothing here: faults work on
--- copies (demo/shop.lua). Used by demo/shop.lua, demo/images.lua.

local paint = require "demo.paint"

local catalog = {}

catalog.shop = {
  name = "Alpenglow Outfitters", domain = "alpenglow-outfitters.myshopify.com", id = 68140892131,
  currency = "USD",
  email = "hello@alpenglow-outfitters.example",
}

local rgb = paint.rgb

local PALETTES = {
  dusk = { tint = rgb "#8f9be0", main = rgb "#3b3f98", second = rgb "#ff8a70",
    accent = rgb "#ffd166" },
  glacier = { tint = rgb "#7cc0e0", main = rgb "#1f7fae", second = rgb "#123a63",
    accent = rgb "#ffffff",
    stripe = rgb "#bfe8fb" },
  ember = { tint = rgb "#f0a98c", main = rgb "#d9483b", second = rgb "#3a2a55",
    accent = rgb "#ffc857" },
  pine = { tint = rgb "#93c2a6", main = rgb "#20614f", second = rgb "#e9b44c",
    accent = rgb "#f4ead6" },
  slate = { tint = rgb "#a9b4c6", main = rgb "#39445a", second = rgb "#ff7d5c",
    accent = rgb "#9fd3e6" },
  rose = { tint = rgb "#f2b2bd", main = rgb "#c4476b", second = rgb "#5b3a78",
    accent = rgb "#ffe3c2" },
}

-- One line a product: handle, title, type, drawing, price, { compare_at, options, colours,
-- sold_out, stock }.
local PRODUCTS = {
  { "alpenglow-snowboard", "Alpenglow All-Mountain Snowboard", "Snowboards", "snowboard", 48995,
    "Alpenglow", "dusk",
    options = { Size = { "152", "156", "160" } }, sold_out = { ["160"] = true }, stock = 12,
    text = "A medium-stiff twin that holds an edge on morning ice and floats when the sky opens. "
      .. "Poplar core, sintered base, and the colours of the last light on the ridge." },
  { "spindrift-shell-jacket", "Spindrift Shell Jacket", "Outerwear", "jacket", 34900, "Ridgework",
    "glacier",
    options = { Color = { "glacier", "ember" }, Size = { "S", "M", "L", "XL" } },
    compare_at = 42900,
    sold_out = { ["ember / XL"] = true }, stock = 8,
    text = "Three layers, fully taped, with pit zips that open with gloves on. Packs into its "
      .. "own hood." },
  { "whiteout-goggles", "Whiteout Goggles", "Accessories", "goggles", 15900, "Clearline", "ember",
    options = { Lens = { "ember", "glacier", "rose" } }, stock = 20,
    text = "A lens that makes contrast out of flat light, on magnets, so that it changes on "
      .. "the lift." },
  { "first-chair-splitboard", "First Chair Splitboard", "Snowboards", "snowboard", 89900,
    "Alpenglow", "pine",
    options = { Size = { "158", "162" } }, sold_out = { ["158"] = true, ["162"] = true }, stock = 0,
    text = "Splits in two for the way up. This season's run is sold out; the next one ships in "
      .. "autumn." },
  { "basecamp-beanie", "Basecamp Pom Beanie", "Accessories", "beanie", 3400, "Ridgework", "rose",
    options = { Color = { "rose", "slate", "pine" } }, stock = 40,
    text = "Merino outside, fleece band inside. Does not itch, does not slip under a helmet." },
  { "couloir-mittens", "Couloir Mittens", "Outerwear", "mittens", 9800, "Ridgework", "slate",
    options = { Size = { "S", "M", "L" } }, compare_at = 12500, stock = 15,
    text = "Goat leather palms, wool lining you can take out to dry, and a cuff that seals over "
      .. "the sleeve." },
  { "ridgeline-helmet", "Ridgeline Helmet", "Accessories", "helmet", 17900, "Clearline", "glacier",
    options = { Size = { "S/M", "L/XL" } }, stock = 9,
    text = "In-mould shell, rotational liner, vents that close with one finger." },
  { "summit-merino-socks", "Summit Merino Socks", "Accessories", "socks", 2600, "Ridgework",
    "ember",
    options = { Size = { "S", "M", "L" } }, stock = 60,
    text = "Cushioned shin, thin sole, no seam at the toes. Warm when wet." },
  { "avalanche-pack", "Sidecountry Pack 28 L", "Accessories", "pack", 21900, "Ridgework", "pine",
    stock = 7,
    text = "Carries a board, a shovel, a probe and lunch; opens at the back so that straps stay "
      .. "out of the snow." },
  { "hut-flask", "Hut Flask 750 ml", "Camp", "flask", 4200, "Hutware", "dusk", compare_at = 4900,
    stock = 33,
    text = "Tea that is still hot at the last chair. Steel, no paint inside, a handle for "
      .. "gloves." },
  { "summit-mug", "Summit Enamel Mug", "Camp", "mug", 1900, "Hutware", "slate", stock = 50,
    text = "Survives the trunk, the stove and the dishwasher." },
  { "glide-wax-kit", "Glide Wax Kit", "Camp", "wax", 5400, "Hutware", "rose", stock = 18,
    text = "Three waxes from minus twelve to plus two, a scraper and a brush, without fluorine." },
}

local function title_case(text) return (text:gsub("^%l", string.upper)) end

-- { {name, values}, … } with the colour first, as shops order them.
local function options_of(raw)
  local list = {}
  for _, name in ipairs { "Color", "Lens", "Size" } do
    if raw.options and raw.options[name] then
      local values = {}
      for i, value in ipairs(raw.options[name]) do values[i] = title_case(value) end
      list[#list + 1] = { name = name, values = values }
    end
  end
  return list
end

-- Every combination of option values, the first option changing slowest.
local function combinations(options, index, chosen, out)
  if index > #options then
    out[#out + 1] = { unpack(chosen, 1, #options) }
    return out
  end
  for _, value in ipairs(options[index].values) do
    chosen[index] = value
    combinations(options, index + 1, chosen, out)
  end
  return out
end

local function image(product, palette, position)
  local name = product.handle .. (position > 1 and "-" .. palette or "")
  return {
    id = product.id * 10 + position, name = name, position = position, width = 1206, height = 1206,
    palette = palette,
    alt = product.title .. (position > 1 and ", " .. title_case(palette) or ""),
  }
end

local function sold_out(raw, title)
  for key in pairs(raw.sold_out or {}) do
    if key:lower() == title:lower() then return true end
  end
  return false
end

local function variants_of(product, raw)
  local list = {}
  for i, values in ipairs(combinations(product.options, 1, {}, {})) do
    local title = #values > 0 and table.concat(values, " / ") or "Default Title"
    local out = sold_out(raw, title)
    local pictured = product.images[1]
    for _, candidate in ipairs(product.images) do
      if values[1] and candidate.palette == values[1]:lower() then pictured = candidate end
    end
    list[i] = {
      id = 44310000000000 + product.number * 100000 + i * 1021, product_id = product.id,
      title = title, position = i,
      options = values, price = product.price, compare_at_price = raw.compare_at,
      available = not out,
      stock = out and 0 or raw.stock, image = pictured, weight = 900,
      sku = ("%s-%03d-%02d"):format(raw[4]:sub(1, 3):upper(), product.number, i),
    }
  end
  return list
end

local function build(number, raw)
  local product = {
    number = number, id = 8020000000000 + number * 32771, handle = raw[1], title = raw[2],
    type = raw[3],
    drawing = raw[4], price = raw[5], compare_at_price = raw.compare_at, vendor = raw[6],
    text = raw.text,
    options = options_of(raw), images = {}, created_at = "2024-09-02T09:00:00-06:00",
    tags = { raw[3]:lower(), raw.compare_at and "sale" or "new" },
  }
  product.images[1] = image(product, raw[7], 1)
  local colours = raw.options and (raw.options.Color or raw.options.Lens) or {}
  for _, colour in ipairs(colours) do
    if colour ~= raw[7] then
      product.images[#product.images + 1] = image(product, colour, #product.images + 1)
    end
  end
  product.variants = variants_of(product, raw)
  product.available = false
  for _, variant in ipairs(product.variants) do
    product.available = product.available or variant.available
  end
  return product
end

--- A palette by its name.
---@param name string
---@return table
function catalog.palette(name) return PALETTES[name] end

catalog.collections = {
  { handle = "all", title = "All gear",
    text = "Everything that leaves our little warehouse at the foot of the pass." },
  { handle = "snowboards", title = "Snowboards", type = "Snowboards",
    text = "Pressed in small runs, tested all winter." },
  { handle = "outerwear", title = "Outerwear", type = "Outerwear",
    text = "For weather that turns round." },
  { handle = "accessories", title = "Accessories", type = "Accessories",
    text = "Head, hands and feet first." },
  { handle = "camp", title = "Camp & hut", type = "Camp",
    text = "For the hours between the runs." },
  { handle = "sale", title = "Last season", tag = "sale", text = "Good gear, better price." },
}

--- A fresh copy of all products, which its owner may change.
---@return table[]
function catalog.products()
  local list = {}
  for i, raw in ipairs(PRODUCTS) do list[i] = build(i, raw) end
  return list
end

return catalog
