--- Reads selectors into the lists that the page understands (injected/selectors.js). Parsing
--- happens here, so that a mistyped selector is the script's error with a hint, before the page is
--- asked anything.
---
---   css                      button[name=add]    (also css=…)
---   text=Add to cart         part of the text, any case
---   text="Add to cart"       the whole text;     text=/add to cart/i
---   role=button[name=/add/i][disabled=false]     accessible role and name
---   label=Size, placeholder=Search, testid=buy   with a text, "whole text" or /regex/i
---   //form//button           XPath (also xpath=…)
---   a >> b                   b inside of a
---   … >> nth=0               the first, -1 the last;  … >> visible=true
---   … >> has-text=Sold out   those with the text in them;  has-not-text
---
--- A further engine is one entry in `readers` and one in injected/selectors.js.

local fault = require "fault"
local nearest = require "run.nearest"

local selector = {}

local SIGNATURE = "selector"

local function refuse(text, problem, hint)
  fault.usage(("%s %q"):format(SIGNATURE, text), problem, hint)
end

local ROLES = {}
for role in ([[alert alertdialog application article banner blockquote button caption cell checkbox
  code columnheader combobox complementary contentinfo definition deletion dialog directory document
  emphasis feed figure form generic grid gridcell group heading img insertion link list listbox
  listitem log main marquee math menu menubar menuitem menuitemcheckbox menuitemradio meter
  navigation none note option paragraph presentation progressbar radio radiogroup region row
  rowgroup rowheader scrollbar search searchbox separator slider spinbutton status strong subscript
  superscript switch tab table tablist tabpanel term textbox time timer toolbar tooltip tree
  treegrid treeitem]]):gmatch("%a+") do
  ROLES[role] = true
end

-- What to stop at inside of a quoted text or a regular expression, by its mark.
local STOPS = { ['"'] = '[\\"]', ["'"] = "[\\']", ["/"] = "[\\%[%]/]" }

-- The end of a quoted text or a regular expression that begins at `from`; nil when it is not
-- closed.
local function closing(text, from, mark)
  local stops, in_class = STOPS[mark], false
  local at = text:find(stops, from + 1)
  while at do
    local c = text:sub(at, at)
    if c == "\\" then
      at = at + 1
    elseif c == mark and not in_class then
      return at
    else
      in_class = c == "[" or c == mark -- a slash within a class is none of its ends
    end
    at = text:find(stops, at + 1)
  end
end

local function unquote(text)
  return (text:gsub("\\(.)", "%1"))
end

--- Reads `"whole"`, `/regex/i` or a bare text at the position from.
---@return table? how   what injected/selectors.js calls a matcher
---@return integer next the first position behind it
local function read_match(text, from)
  local mark = text:sub(from, from)
  if mark ~= '"' and mark ~= "'" and mark ~= "/" then return nil, from end
  local final = closing(text, from, mark)
  if not final then
    refuse(text, ("the %s is not closed"):format(mark == "/" and "regular expression /…/"
      or "text in quotes"))
  end
  local inner = text:sub(from + 1, final - 1)
  if mark == "/" then
    local flags = text:match("^%a*", final + 1)
    if flags:find("[^imsuv]") then
      refuse(text, ("/%s/%s: the flags are i, m, s and u"):format(inner, flags))
    end
    return { regex = inner, flags = flags }, final + 1 + #flags
  end
  local fold = text:match("^%s*[iI]%f[%s%]%z]()", final + 1)
  return { exact = unquote(inner), fold = fold ~= nil or nil }, fold or final + 1
end

local STATES = { checked = true, disabled = true, expanded = true, pressed = true, selected = true,
  level = true,
  name = true, ["include-hidden"] = true }
local WORDS = { ["true"] = true, ["false"] = false, mixed = "mixed" }

local function read_state(text, how, key, value)
  if key == "level" then
    local level = tonumber(value)
    if not level then refuse(text, "[level=…] takes a number") end
    how.state.level = level
  elseif WORDS[value] == nil then
    refuse(text, ("[%s=%s]: the value is true, false or mixed"):format(key, value))
  elseif key == "include-hidden" then
    how.hidden = WORDS[value] and true or nil
  else
    how.state[key] = WORDS[value]
  end
end

local function read_role(text, body)
  local role, at = body:match("^%s*([%a-]+)%s*()")
  if not role then refuse(text, "role= needs a role", "write role=button[name=/add to cart/i]") end
  role = role:lower()
  if not ROLES[role] then
    refuse(text, ("there is no role %q"):format(role), nearest.hint(role, ROLES))
  end
  local how = { role = role, state = {} }
  while at <= #body do
    local key, after = body:match("^%[%s*([%a-]+)%s*()", at)
    if not key then
      refuse(text, ("cannot read %q"):format(body:sub(at)),
        'write role=button[name="Add to cart"] or [name=/add/i]')
    end
    if not STATES[key] then
      refuse(text, ("there is no [%s]"):format(key), nearest.hint(key, STATES))
    end
    local value, match = "true", nil
    if body:sub(after, after) == "=" then
      local begin = body:match("^=%s*()", after)
      match, after = read_match(body, begin)
      if not match then
        value, after = body:match("^([^%]]*)()", begin)
        value = value:match("^(.-)%s*$")
      end
    end
    at = body:match("^%s*%]%s*()", after)
    if not at then refuse(text, ("[%s…] is not closed"):format(key)) end
    if key == "name" and not match then
      refuse(text, "[name=…] takes a text in quotes or a regular expression",
        ('write [name="%s"] or [name=/%s/i]'):format(value, value))
    elseif key == "name" then
      how.name = match
    else
      read_state(text, how, key, match and match.exact or value)
    end
  end
  return how
end

-- A text as text=, label= … take it.
local function reader_of(name)
  return function(text, body)
    if body == "" then refuse(text, name .. "= needs a text") end
    local match, after = read_match(body, 1)
    if match and body:find("%S", after) then match = nil end
    return match or { part = body }
  end
end

local readers = {
  css = function(text, body)
    if body == "" then refuse(text, "the css selector is empty") end
    if body:find(":has%-text%(") or body:find(":text%(") or body:find(":visible%f[^%w-]") then
      refuse(text, "this is not CSS", "write … >> has-text=…, … >> text=… or … >> visible=true")
    end
    return body
  end,
  text = reader_of "text",
  label = reader_of "label",
  placeholder = reader_of "placeholder",
  ["has-text"] = reader_of "has-text",
  ["has-not-text"] = reader_of "has-not-text",
  testid = function(text, body)
    local how = reader_of "testid"(text, body)
    return how.part and { exact = how.part } or how -- ids are whole
  end,
  xpath = function(text, body)
    if body == "" then refuse(text, "xpath= needs a path") end
    return body
  end,
  role = read_role,
  nth = function(text, body)
    local n = tonumber(body)
    if not n or n ~= math.floor(n) then
      refuse(text, "nth= takes a whole number; 0 is the first, -1 the last")
    end
    return n
  end,
  visible = function(text, body)
    if body ~= "true" and body ~= "false" then refuse(text, "visible= takes true or false") end
    return body == "true"
  end,
}

-- Cuts at ">>" outside of quotes, brackets and regular expressions.
local function split(text)
  if not text:find(">>", 1, true) then return { text } end
  local parts, from, depth, at = {}, 1, 0, 1
  while at <= #text do
    local c, before = text:sub(at, at), at > 1 and text:sub(at - 1, at - 1) or "="
    -- Don't is no beginning of a quotation, neither is 1/2 one of a regular expression.
    local opens = ((c == '"' or c == "'") and before:find("[=%s%[(]"))
      or (c == "/" and before == "=")
    local final = opens and closing(text, at, c)
    if final then
      at = final
    elseif c == "[" or c == "(" then
      depth = depth + 1
    elseif (c == "]" or c == ")") and depth > 0 then
      depth = depth - 1
    elseif depth == 0 and text:sub(at, at + 1) == ">>" then
      parts[#parts + 1] = text:sub(from, at - 1)
      from, at = at + 2, at + 1
    end
    at = at + 1
  end
  parts[#parts + 1] = text:sub(from)
  return parts
end

local function read_part(text, part)
  part = part:match("^%s*(.-)%s*$")
  if part == "" then refuse(text, "a part of it is empty") end
  local name, body = part:match("^(%l[%l-]*)=(.*)$")
  if name and readers[name] then return { name, readers[name](text, body) } end
  if name then
    local all = {}
    for engine in pairs(readers) do all[engine] = true end
    refuse(text, ("there is no %s="):format(name), nearest.hint(name, all)
      or "css, text=, role=, label=, placeholder=, testid=, xpath=, has-text=, has-not-text=, "
      .. "nth= and visible= exist")
  end
  if part:find("^%(*%.?%.?/") then return { "xpath", part } end
  if part:find("^[\"']") then return { "text", readers.text(text, part) } end
  return { "css", readers.css(text, part) }
end

local FILTERS = { nth = true, visible = true, ["has-text"] = true, ["has-not-text"] = true }

local cache = {}

--- The parts of a selector: a list of { engine, argument }. Raises a usage fault.
---@param text any
---@return table parts  shared: not to be changed
function selector.parse(text)
  local found = cache[text]
  if found then return found end
  if type(text) ~= "string" or text:find("^%s*$") then
    fault.usage(SIGNATURE, ("must be a text, not %s"):format(type(text) == "string"
      and "an empty one" or type(text)),
      'write "button[name=add]", "text=Add to cart" or "role=button[name=/add/i]"')
  end
  local parts = {}
  for _, part in ipairs(split(text)) do parts[#parts + 1] = read_part(text, part) end
  if FILTERS[parts[1][1]] then
    refuse(text, parts[1][1] .. "= chooses among what was found before it",
      ("write a >> %s=…"):format(parts[1][1]))
  end
  cache[text] = parts
  return parts
end

return selector
