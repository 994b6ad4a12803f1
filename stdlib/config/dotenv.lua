--- Reads a .env file. Called by config/load.lua. The syntax, as README and docs/cli.md describe it:
---
---   NAME=value            spaces around name and value are dropped; " #" begins a comment
---   NAME='as it is'       nothing is special inside
---   NAME="a \"word\"\n"   \n, \t, \", \\ are escapes
---   export NAME=value     the word export is allowed
---   # a comment
---
--- Nothing is expanded: $ is an ordinary character. A value stays on one line.

local dotenv = {}

local ESCAPES = { n = "\n", t = "\t", r = "\r", ['"'] = '"', ["\\"] = "\\", ["$"] = "$" }

local function after_quote(rest) return rest:match("^%s*$") or rest:match("^%s+#") end

local function parse_value(text)
  local quote = text:sub(1, 1)
  if quote == "'" then
    local value, rest = text:match("^'([^']*)'(.*)$")
    if not value then return nil, "the closing ' is missing" end
    if not after_quote(rest) then return nil, "text after the closing '" end
    return value
  elseif quote == '"' then
    local i, parts = 2, {}
    while true do
      local stop = text:find('["\\]', i)
      if not stop then return nil, 'the closing " is missing' end
      parts[#parts + 1] = text:sub(i, stop - 1)
      if text:sub(stop, stop) == '"' then
        if not after_quote(text:sub(stop + 1)) then return nil, 'text after the closing "' end
        return table.concat(parts)
      end
      local escaped = text:sub(stop + 1, stop + 1)
      parts[#parts + 1] = ESCAPES[escaped] or ("\\" .. escaped)
      i = stop + 2
    end
  end
  return (text:gsub("^#.*$", ""):gsub("%s+#.*$", ""):gsub("%s+$", ""))
end

--- Parses the text of a .env file.
---@param text string
---@return table<string, {value: string, line: integer}> values   the last one of a name wins
---@return {line: integer, message: string}[] problems   lines that were left out
function dotenv.parse(text)
  local values, problems = {}, {}
  local number = 0
  text = text:gsub("^\239\187\191", "")
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    local bare = line:gsub("^%s+", "")
    if bare ~= "" and bare:sub(1, 1) ~= "#" then
      local name, rest = bare:gsub("^export%s+", ""):match("^([%a_][%w_]*)%s*=%s*(.*)$")
      if not name then
        problems[#problems + 1] = { line = number, message = "not NAME=value" }
      else
        local value, why = parse_value(rest)
        if value then
          values[name] = { value = value, line = number }
        else
          problems[#problems + 1] = { line = number, message = name .. ": " .. why }
        end
      end
    end
  end
  return values, problems
end

return dotenv
