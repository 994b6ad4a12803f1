--- Shows any value in one short line, for messages: texts quoted, tables with sorted keys, cut
--- where it gets long. Calls no metamethod but a __tostring, and that protected.

local show = {}

local TEXT_MAX, ITEMS_MAX, DEPTH_MAX = 200, 12, 3

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function quoted(text)
  local cut = #text > TEXT_MAX
  if cut then
    -- not in the middle of a character
    text = text:sub(1, TEXT_MAX):gsub("[\192-\255][\128-\191]*$", "")
  end
  text = text:gsub('[%c"\\]', function(c) return ESCAPES[c] or ("\\x%02x"):format(c:byte()) end)
  return '"' .. text .. '"' .. (cut and "…" or "")
end

local function key_order(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return type(a) < type(b)
end

local value_text

local function table_text(value, depth, seen)
  if seen[value] then return "{…}" end
  if depth >= DEPTH_MAX then return next(value) == nil and "{}" or "{…}" end
  seen[value] = true
  local keys, parts = {}, {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, key_order)
  for i, key in ipairs(keys) do
    if i > ITEMS_MAX then
      parts[i] = "…"
      break
    end
    local content = value_text(rawget(value, key), depth + 1, seen)
    if key == i then
      parts[i] = content
    elseif type(key) == "string" and key:match("^[%a_][%w_]*$") then
      parts[i] = key .. " = " .. content
    else
      parts[i] = "[" .. value_text(key, depth + 1, seen) .. "] = " .. content
    end
  end
  seen[value] = nil
  return "{ " .. table.concat(parts, ", ") .. " }"
end

function value_text(value, depth, seen)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then return ("%.14g"):format(value) end
  if kind == "nil" or kind == "boolean" then return tostring(value) end
  local meta = debug.getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__tostring") ~= nil then
    local ok, text = pcall(tostring, value)
    return ok and type(text) == "string" and text or "a " .. kind .. " that cannot be shown"
  end
  if kind == "table" then
    if next(value) == nil then return "{}" end
    return table_text(value, depth, seen)
  end
  return "a " .. kind
end

--- One line for a message.
---@param value any
---@return string
function show.value(value)
  return value_text(value, 0, {})
end

return show
