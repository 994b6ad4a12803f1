-- Rules for Lua: syntax, layers of the stdlib, budgets, header and doc comments, tests beside.

local source = require "lint.source"

local FILE_LINES = 400

-- From the ground up: a module may require its own layer and those below. The first part of its
-- name decides ("browser" is browser/*), unless the whole name stands here.
local LAYERS = {
  { "advice", "fault" },
  { "crypto", "image", "json", "json_encode", "redact", "redact_pii", "sync", "time", "url",
    "run.excerpt", "run.frames", "run.nearest", "run.secret", "run.show" },
  { "browser", "config", "expect", "http", "mail", "pixel", "server", "shop" },
  { "run" },
  { "alert", "incident", "report", "schedule", "service" },
  { "cli", "demo", "test", "watch", "worker" },
}
-- Compiled in beside the stdlib.
local FOREIGN = { argparse = true }

local rank = {}
for level, modules in ipairs(LAYERS) do
  for _, module in ipairs(modules) do rank[module] = level end
end

local function rank_of(module)
  return rank[module] or rank[module:match("^[^.]*")]
end

-- What lies in templates/ becomes Lua only when its places have been filled in.
local function is_lua(file)
  return file.kind == "lua" and not file.name:find("/templates/", 1, true)
end

local function is_test(file) return file.name:find("_test%.lua$") ~= nil end
-- "run.steps" for stdlib/run/steps.lua; nil for tests, annotations and everything outside.
local function module_of(file)
  if not is_lua(file) or is_test(file) or file.name:find("^stdlib/types/") then return nil end
  local path = file.name:match("^stdlib/(.*)%.lua$")
  return path and path:gsub("/", ".")
end

local syntax = {
  applies = is_lua,
  one = function(file, context)
    local text = file.text:gsub("^#![^\n]*", "")
    local chunk, problem = loadstring(text, "=code")
    if not chunk then
      local line, message = problem:match("^code:(%d+): (.*)$")
      context.find(file, tonumber(line) or 1, "syntax: " .. (message or problem))
    end
  end,
}

local function check_require(file, module, wanted, number, context)
  if FOREIGN[wanted] then return end
  local own, theirs = rank_of(module), rank_of(wanted)
  if not context.by_name["stdlib/" .. wanted:gsub("%.", "/") .. ".lua"] then
    context.find(file, number, ('require "%s": the stdlib has no such module'):format(wanted))
  elseif own and theirs and theirs > own then
    local text = "%s must not require %s, which lies above it"
    context.find(file, number, text:format(module, wanted))
  end
end

local layers = {
  applies = function(file) return module_of(file) ~= nil end,
  one = function(file, context)
    local module = module_of(file)
    if not rank_of(module) then
      context.find(file, 1, module .. " has no layer: give it one in tools/lint/lua_rules.lua")
    end
    local code = source.lines(source.code(file))
    source.each_line(file, true, function(number, line)
      local from = 1
      while true do
        -- The word must be code, not part of a text that a user will read.
        local at, stop, name = line:find("%f[%w_]require%s*%(?%s*[\"']([%w_.]+)[\"']", from)
        if not at then break end
        local whole = name:sub(-1) ~= "." -- else the rest of the name is computed
        if whole and code[number]:sub(at, at + 6) == "require" then
          check_require(file, module, name, number, context)
        end
        from = stop + 1
      end
    end)
  end,
}

local size = {
  applies = is_lua,
  one = function(file, context)
    if #file.lines > FILE_LINES then
      local text = "the file has %d lines; %d are allowed"
      context.find(file, FILE_LINES + 1, text:format(#file.lines, FILE_LINES))
    end
  end,
}

local header_comment = {
  applies = is_lua,
  one = function(file, context)
    local first = file.lines[1] or ""
    if first:find("^#!") then first = file.lines[2] or "" end
    local beside = is_test(file) -- what it is for is said by what it stands beside
    if not first:find("^%-%-") and not beside then
      context.find(file, 1, "no comment at the top: what it is for and who uses it")
    end
  end,
}

-- Whether a --- comment ends right above the line.
local function is_documented(lines, number)
  local i = number - 1
  while i > 0 and lines[i]:find("^%-%-") do
    if lines[i]:find("^%-%-%-") then return true end
    i = i - 1
  end
  return false
end

-- The names by which users reach what a module defines: the table that it returns, and its classes
-- (capitalised).
local function is_public(file, owner)
  return owner == file.text:match("\nreturn ([%a_][%w_]*)%s*$") or owner:find("^%u") ~= nil
end

-- The top layer is no API: nobody requires it.
local docs = {
  applies = function(file)
    local module = module_of(file)
    return module ~= nil and (rank_of(module) or 0) < #LAYERS
  end,
  one = function(file, context)
    source.each_line(file, false, function(number, line)
      local owner, name = line:match("^function ([%a_][%w_]*)[.:]([%a_][%w_]*)")
      if not owner then owner, name = line:match("^([%a_][%w_]*)%.([%a_][%w_]*) = function") end
      local public = owner and name:sub(1, 2) ~= "__" and is_public(file, owner)
      if public and not is_documented(file.lines, number) then
        context.find(file, number, ("%s.%s has no --- comment"):format(owner, name))
      end
    end)
  end,
}

-- What may be required has its test beside it; a folder has at least one test, in it, above it
-- (http_test.lua for http/*) or somewhere that requires a module of it by its name.
local function test_exists(file, module, context)
  local folder = module:match("^([^.]*)%.")
  if context.by_name["stdlib/" .. (folder or module) .. "_test.lua"] then return true end
  if not folder then return false end
  local pattern = 'require%s*%(?%s*"' .. folder .. "%."
  for _, other in ipairs(context.files) do
    if is_lua(other) and is_test(other) then
      if other.name:find("stdlib/" .. folder .. "/", 1, true) then return true end
      if source.code(other, true):find(pattern) then return true end
    end
  end
  return false
end

local tests_beside = {
  all = function(context)
    local seen = {}
    for _, file in ipairs(context.files) do
      local module = module_of(file)
      local what = module and (module:match("^([^.]*)%.") or module)
      if what and not seen[what] and not test_exists(file, module, context) then
        seen[what] = true
        local where = module == what and "beside it" or "in stdlib/" .. what .. "/"
        context.find(file, 1, ("%s has no test: write one %s"):format(what, where))
      end
    end
  end,
}

return { syntax, layers, size, header_comment, docs, tests_beside }
