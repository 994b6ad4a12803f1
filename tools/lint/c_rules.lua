-- Rules for C: layers and libraries by layer, no knowledge of shops, budgets, header comments.

local source = require "lint.source"

local FILE_LINES, FUNCTION_LINES, FUNCTION_HARD = 600, 60, 100

-- Which layers a layer may include.
local ARROWS = {
  app = { app = true, bind = true, script = true, io = true, base = true },
  bind = { bind = true, script = true, io = true, base = true },
  script = { script = true, base = true },
  io = { io = true, base = true },
  base = { base = true },
}

local IO, LUA = { io = true }, { script = true, bind = true, app = true }
-- Headers of libraries, by their beginning, with the layers that may know them.
local LIBRARIES = {
  { "^ev%.h$", IO }, { "^curl/", IO }, { "^libwebsockets", IO }, { "^sqlite3", IO },
  { "^openssl/", IO }, { "^zlib%.h$", IO }, { "^spng%.h$", IO }, { "^libdeflate%.h$", IO },
  { "^libpq", IO },
  { "^lua%.h$", LUA }, { "^lauxlib%.h$", LUA }, { "^lualib%.h$", LUA }, { "^luajit%.h$", LUA },
  { "^lua5%.1/", LUA },
}

local SYSTEM = {}
for name in ([[assert ctype dirent dlfcn elf endian errno execinfo fcntl fenv float fnmatch ftw
  getopt glob grp ifaddrs inttypes iso646 langinfo libgen limits link locale malloc math memory
  netdb poll pthread pwd sched search semaphore setjmp signal spawn stdalign stdarg stdatomic
  stdbool stddef stdint stdio stdlib stdnoreturn string strings syslog termios threads time uchar
  unistd utime wchar wctype]]):gmatch("%S+") do
  SYSTEM[name .. ".h"] = true
end

local function is_system(header)
  if SYSTEM[header] then return true end
  for _, folder in ipairs { "sys", "linux", "netinet", "arpa", "net", "asm" } do
    if header:find("^" .. folder .. "/") then return true end
  end
  return false
end

local function is_c(file) return file.kind == "c" or file.kind == "h" end
local function layer_of(file) return file.name:match("^engine/(%w+)/") end

local function check_own(file, layer, header, number, context)
  local target = header:match("^(%w+)/")
  if not ARROWS[target or ""] then
    local text = '"%s" is not a path from engine/, such as "io/http.h"'
    context.find(file, number, text:format(header))
  elseif not ARROWS[layer][target] then
    context.find(file, number, ("%s must not include %s: the arrow %s → %s does not exist"):format(
      layer, header, layer, target))
  elseif not context.by_name["engine/" .. header] then
    context.find(file, number, ("there is no engine/%s"):format(header))
  end
end

local function check_library(file, layer, header, number, context)
  if is_system(header) then return end
  for _, library in ipairs(LIBRARIES) do
    if header:find(library[1]) then
      if not library[2][layer] then
        context.find(file, number, ("%s must not know <%s>"):format(layer, header))
      end
      return
    end
  end
  context.find(file, number, ("<%s> is of no library that the engine uses"):format(header))
end

local includes = {
  applies = function(file) return is_c(file) and ARROWS[layer_of(file) or ""] ~= nil end,
  one = function(file, context)
    local layer = layer_of(file)
    source.each_line(file, true, function(number, line)
      local own = line:match('^%s*#%s*include%s*"([^"]*)"')
      local library = line:match("^%s*#%s*include%s*<([^>]*)>")
      if own then check_own(file, layer, own, number, context) end
      if library then check_library(file, layer, library, number, context) end
    end)
  end,
}

local layers = {
  applies = function(file) return is_c(file) and file.name:find("^engine/") ~= nil end,
  one = function(file, context)
    if not ARROWS[layer_of(file) or ""] then
      context.find(file, 1, "not in a layer of the engine: base, io, script, bind or app")
    end
  end,
}

-- Watching sockets for a library that brings a loop of its own is a job for a file that does
-- nothing else.
local LOOPS = { "multi_socket_action", "CURLMOPT_SOCKETFUNCTION", "LWS_SERVER_OPTION_LIBEV",
  "lws_service" }

local glue = {
  applies = function(file) return file.kind == "c" and layer_of(file) == "io" end,
  one = function(file, context)
    if file.name:find("_loop%.c$") or file.name:find("_glue%.c$") then return end
    source.each_line(file, false, function(number, line)
      for _, word in ipairs(LOOPS) do
        if line:find("%f[%w_]" .. word) then
          context.find(file, number, word
            .. ": glue to a third-party loop stands alone, in a file named _loop.c or _glue.c")
        end
      end
    end)
  end,
}

local shops = {
  applies = function(file) return file.name:find("^engine/") ~= nil end,
  one = function(file, context)
    for number, line in ipairs(file.lines) do
      local low = line:lower()
      local word = low:match("shopify") or low:match("%f[%a]cart%f[%A]")
      if word then
        context.find(file, number, word .. ": the engine knows nothing of shops, the stdlib does")
      end
    end
  end,
}

local size = {
  applies = is_c,
  one = function(file, context)
    if #file.lines > FILE_LINES then
      local text = "the file has %d lines; %d are allowed"
      context.find(file, FILE_LINES + 1, text:format(#file.lines, FILE_LINES))
    end
  end,
}

-- Functions begin in column 1, their braces stand there too.
local function each_function(file, fn)
  local name, signature_line, open
  source.each_line(file, false, function(number, line)
    local outside = not open and line:find("^[%a_]")
    if outside and not line:find("^typedef") and not line:find(";%s*$") then
      local found = line:match("([%a_][%w_]*)%s*%(")
      if found then name, signature_line = found, number end
    elseif not open and line:find("^{") and name then
      open = number
    elseif open and line:find("^}") then
      fn(name, signature_line, number - open - 1)
      name, open = nil, nil
    elseif not open and line:find("^#") then
      name = nil
    end
  end)
end

local functions = {
  applies = function(file) return file.kind == "c" end,
  one = function(file, context)
    each_function(file, function(name, line, length)
      local text = ("%s has %d lines; %d are the budget, %d the limit"):format(name, length,
        FUNCTION_LINES, FUNCTION_HARD)
      if length > FUNCTION_HARD then
        context.find(file, line, text)
      elseif length > FUNCTION_LINES then
        context.warn(file, line, text)
      end
    end)
  end,
}

local header_comment = {
  applies = is_c,
  one = function(file, context)
    if not file.text:find("^/%*") then
      context.find(file, 1, "no comment at the top: what it is for, who calls it, its invariants")
    end
  end,
}

return { includes, layers, glue, shops, size, functions, header_comment }
