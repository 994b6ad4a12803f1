--- The project's own test runner: `nano-sre --role=test [--filter=TEXT] [-v] FILE…`. Each test runs
--- in a task of its own with a time limit, in a trusted state with all of sys. Prints the tests
--- that fail, and last "N passed, N failed".

local excerpt = require "run.excerpt"
local expect = require "expect"
local fault = require "fault"
local frames = require "run.frames"
local suite = require "test.suite"

local main = {}

local function write(text) sys.env.write(1, text) end

local function indent(text, by) return by .. text:gsub("\n", "\n" .. by) end

--- What a failed test says: message, line, excerpt, and for what is no fault the stack.
local function explain(value, where, trace)
  local message = fault.is(value) and value.message or type(value) == "string" and value
    or ("(%s)"):format(type(value))
  local split_where, rest = frames.split(message)
  where = split_where or fault.is(value) and value.where or where
  local lines = { (where and where .. ": " or "") .. rest }
  if fault.is(value) and value.hint then lines[#lines + 1] = "  " .. value.hint end
  local name, line = frames.parse(where)
  lines[#lines + 1] = excerpt.lines(frames.text(name), line)
  if not fault.is(value, "failure") and trace then lines[#lines + 1] = trace end
  return table.concat(lines, "\n")
end

--- Runs fn in a task of its own.
---@return boolean ok
---@return string? why
local function attempt(fn, limit_ms)
  local found
  local task = sys.task.spawn(function()
    local ok, raised = xpcall(fn, function(value)
      found = { value = value, where = frames.where(),
        trace = debug.traceback("", 2):gsub("^\n", "") }
      return value
    end)
    -- After a stack overflow there is no room for the handler.
    if not ok then found = found or { value = raised } end
    return ok
  end)
  local ok, value, code, trace = task:join(limit_ms)
  if not ok and code == "timeout" and not task:done() then
    task:kill(("the test did not end within %g s"):format(limit_ms / 1000))
    ok, value, code, trace = task:join()
  end
  if not ok then return false, explain(value, (frames.of_trace(trace)), trace) end
  if not value then return false, explain(found.value, found.where, found.trace) end
  return true
end

local function call_all(list, backwards)
  for i = 1, #list do list[backwards and #list + 1 - i or i]() end
end

local function report(state, title, why)
  state.failed = state.failed + 1
  write(("FAIL %s\n%s\n\n"):format(title, indent(why, "    ")))
end

local function run_case(state, case, path, blocks)
  local title = table.concat(path, " › ") .. " › " .. case.name
  if state.filter and not title:find(state.filter, 1, true) then return end
  if not case.fn then
    state.pending = state.pending + 1
    if state.verbose then write("pending " .. title .. "\n") end
    return
  end
  local ok, why = attempt(function()
    for _, block in ipairs(blocks) do call_all(block.hooks.before_each) end
    case.fn()
  end, case.timeout_ms)
  local cleaned, trouble = attempt(function()
    for i = #blocks, 1, -1 do call_all(blocks[i].hooks.after_each, true) end
  end, case.timeout_ms)
  if not ok then
    report(state, title, why)
  elseif not cleaned then
    report(state, title .. " (after_each)", trouble)
  else
    state.passed = state.passed + 1
    if state.verbose then write("ok " .. title .. "\n") end
  end
end

local run_block

local function run_items(state, block, path, blocks)
  for _, item in ipairs(block.items) do
    if item.case then
      run_case(state, item.case, path, blocks)
    else
      run_block(state, item.block, path, blocks)
    end
  end
end

local function with(list, item)
  local out = { unpack(list) }
  out[#out + 1] = item
  return out
end

function run_block(state, block, path, blocks)
  path, blocks = with(path, block.name), with(blocks, block)
  local title = table.concat(path, " › ")
  local ok, why = attempt(function() call_all(block.hooks.before_all) end, 60000)
  if ok then
    run_items(state, block, path, blocks)
  else
    report(state, title .. " (before_all)", why)
  end
  ok, why = attempt(function() call_all(block.hooks.after_all, true) end, 60000)
  if not ok then report(state, title .. " (after_all)", why) end
end

--- Loads one file and runs its tests.
local function run_file(state, file)
  local text, problem = sys.files.read(file)
  if not text then return report(state, file, problem) end
  frames.register(file, text)
  local chunk, message = sys.load_trusted(text, file)
  if not chunk then return report(state, file, explain(message)) end
  local words, root = suite.collect(file)
  words.expect = expect
  setfenv(chunk, setmetatable(words, { __index = _G, __newindex = _G }))
  local ok, why = attempt(chunk, 30000)
  if not ok then return report(state, file, why) end
  local before = state.passed + state.failed + state.pending
  run_block(state, root, {}, {})
  if state.passed + state.failed + state.pending == before and not state.filter then
    report(state, file, "the file has no tests")
  end
end

--- Entry point of the role "test".
---@param argument string  JSON array of the command line's words
---@return string  the exit code
function main.run(argument)
  local state = { passed = 0, failed = 0, pending = 0 }
  local files = {}
  for _, word in ipairs(sys.codec.json_decode(argument)) do
    if word == "-v" then
      state.verbose = true
    elseif word:match("^%-%-filter=") then
      state.filter = word:match("=(.*)")
    else
      files[#files + 1] = word
    end
  end
  for _, file in ipairs(files) do run_file(state, file) end
  local pending = state.pending > 0 and (", %d pending"):format(state.pending) or ""
  write(("%d passed, %d failed%s\n"):format(state.passed, state.failed, pending))
  local idle = state.passed + state.failed + state.pending == 0
  return (state.failed > 0 or idle) and "1" or "0"
end

return main
