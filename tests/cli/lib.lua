--- Transcripts: what a person types and what the program answers, as text files that read like a
--- terminal.
---
---   ## a title                          begins a scene, in a fresh folder
---   <<< skills/a.lua                    the lines up to >>> become that file
---   >>>
---   $ NAME=value nano-sre run a         is run there
---   | a line of stdout
---   ! a line of stderr
---   | and so on …                       a line that begins so
---   | …                                 any number of lines of stdout (or, with !, of stderr)
---   = 1                                 the exit code; may be left out when it is 0
---
--- What differs from run to run is normalised before it is compared: see normalise. Lines of stdout
--- and of stderr are compared each in their order, because between the two there is none.

local lib = {}

local e2e = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

--- Splits a command line as a shell would: words, 'quoted' and "quoted".
---@param line string
---@return string[]
function lib.words(line)
  local words, word, quote = {}, nil, nil
  for char in line:gmatch "." do
    if quote then
      if char == quote then quote = nil else word = word .. char end
    elseif char == "'" or char == '"' then
      quote, word = char, word or ""
    elseif char == " " then
      words[#words + 1] = word
      word = nil
    else
      word = (word or "") .. char
    end
  end
  words[#words + 1] = word
  return words
end

--- Reads a transcript into scenes: { title, files = {{name, text}}, commands = {{line, env, argv,
--- out, err, code}} }.
---@param text string
function lib.parse(text)
  local scenes, scene, command, file = {}, nil, nil, nil
  for line in text:gmatch "([^\n]*)\n" do
    if file then
      if line == ">>>" then file = nil else file[2] = file[2] .. line .. "\n" end
    elseif line:find "^## " then
      scene = { title = line:sub(4), files = {}, commands = {} }
      scenes[#scenes + 1] = scene
    elseif line:find "^<<< " then
      file = { line:sub(5), "" }
      table.insert(scene.files, file)
    elseif line:find "^%$ " then
      command = { line = line, env = {}, argv = {}, out = {}, err = {}, code = 0 }
      table.insert(scene.commands, command)
      for _, word in ipairs(lib.words(line:sub(3))) do
        local name, value = word:match "^([%u_]+)=(.*)$"
        if name and #command.argv == 0 then
          command.env[name] = value
        else
          table.insert(command.argv, word)
        end
      end
      assert(table.remove(command.argv, 1) == "nano-sre", line)
    elseif line:find "^| ?" then
      table.insert(command.out, (line:gsub("^| ?", "")))
    elseif line:find "^! ?" then
      table.insert(command.err, (line:gsub("^! ?", "")))
    elseif line:find "^= " then
      command.code = tonumber(line:sub(3))
    elseif line ~= "" and not line:find "^#" then
      error("a transcript has no line such as: " .. line)
    end
  end
  return scenes
end

--- Takes out what is another in every run: the folder, durations, times, the version.
---@param text string
---@param folder string
---@return string
function lib.normalise(text, folder)
  local at = 1
  while true do
    local first, last = text:find(folder, at, true)
    if not first then break end
    text = text:sub(1, first - 1) .. "DIR" .. text:sub(last + 1)
    at = first
  end
  text = text:gsub("%d%d%d%d%-%d%d%-%d%dT[%d:.]+Z",
    "WHEN"):gsub("%d%d%d%d%d%d%d%d%-%d%d%d%d%d%d%-%d%d%d", "STAMP")
  text = text:gsub("%f[%d]%d+ min %d+ s%f[^%w]", "TIME"):gsub("%f[%d]%d+%.%d s%f[^%w]", "TIME")
  text = text:gsub("%f[%d]%d+ ms%f[^%w]", "TIME"):gsub(" +TIME", " TIME")
  return (text:gsub("%f[%d]%d+%.?%d*ms%f[^%w]", "TIME"):gsub("nano%-sre %d+%.%d+%.%d+",
    "nano-sre VERSION"))
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n?" do lines[#lines + 1] = line end
  while #lines > 0 and lines[#lines] == "" do lines[#lines] = nil end
  return lines
end

-- A line may end in "…" for "and so on".
local function line_fits(expected, actual)
  if actual == nil or actual == expected then return actual ~= nil end
  local start = expected:match("^(.*)…$")
  return start ~= nil and actual:sub(1, #start) == start
end

-- Whether the lines from actual[j] on are what expected[i] and its followers describe.
local function fits(expected, actual, i, j)
  while i <= #expected do
    if expected[i] == "…" then
      for k = j, #actual + 1 do
        if fits(expected, actual, i + 1, k) then return true end
      end
      return false
    end
    if not line_fits(expected[i], actual[j]) then return false end
    i, j = i + 1, j + 1
  end
  return j == #actual + 1
end

local function compare(what, expected, text, folder, command)
  local actual = lines_of(lib.normalise(text, folder))
  if fits(expected, actual, 1, 1) then return end
  error(("%s\n%s should be:\n  %s\nbut is:\n  %s"):format(command.line, what,
    table.concat(expected, "\n  "),
    table.concat(actual, "\n  ")), 0)
end

--- Plays a scene; raises with both texts when something differs.
---@param scene table
function lib.play(scene)
  local folder = e2e.folder()
  local ok, why = pcall(function()
    for _, file in ipairs(scene.files) do folder:write(file[1], file[2]) end
    for _, command in ipairs(scene.commands) do
      local ended = folder:run(command.argv, command.env)
      compare("stdout", command.out, ended.stdout, folder.path, command)
      compare("stderr", command.err, ended.stderr, folder.path, command)
      if ended.code ~= command.code then
        error(("%s\nshould end with %d, but ended with %s\n%s"):format(command.line, command.code,
          tostring(ended.code or ended.signal), ended.stderr), 0)
      end
    end
  end)
  folder:remove()
  if not ok then error(why, 0) end
end

return lib
