--- Text into HTML: templates with named holes, money as the shop writes it. Used by the demo
--- store's pages.

local html = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;" }

--- Escapes text for element content and quoted attributes.
---@param text any
---@return string
function html.escape(text) return (tostring(text):gsub("[&<>\"']", ENTITIES)) end

--- Fills the holes of a template: {name} with the escaped value, {=name} with the value as it is,
--- {?name: text} with text if the value is set (text may hold further holes, but no braces of its
--- own).
---@param template string
---@param values table
---@return string
---@raise a hole without a value
function html.fill(template, values)
  local function hole(mark, name)
    local value = values[name]
    if value == nil then error("the template has no value for {" .. name .. "}", 0) end
    if value == false then value = "" end
    return mark == "=" and tostring(value) or html.escape(value)
  end
  local text = template:gsub("{%?([%w_]+):(%b[])}", function(name, inner)
    return values[name] and inner:sub(2, -2) or ""
  end)
  return (text:gsub("{(=?)([%a_][%w_]*)}", hole))
end

--- Fills a template once for each item and joins the results.
---@param template string|fun(item: any, index: number): string
---@param items any[]
---@param values (fun(item: any, index: number): table)? the values of an item; the item itself if
--- absent
---@return string
function html.each(template, items, values)
  local out = {}
  for i, item in ipairs(items) do
    if type(template) == "function" then
      out[i] = template(item, i)
    else
      out[i] = html.fill(template, values and values(item, i) or item)
    end
  end
  return table.concat(out)
end

--- An amount as the shop shows it: "$1,234.50".
---@param cents number
---@return string
function html.money(cents)
  local digits = ("%d"):format(math.floor(cents / 100))
  local whole = digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return ("$%s.%02d"):format(whole, cents % 100)
end

--- An amount as Shopify's JSON has it: "1234.50".
---@param cents number
---@return string
function html.decimal(cents) return ("%d.%02d"):format(math.floor(cents / 100), cents % 100) end

return html
