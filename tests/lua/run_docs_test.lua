--- The examples of the manual: every Lua block of docs/writing-skills.md is loaded or run as its
--- comment says, and the result of docs/result-format.md has the shape of a real one.

local json = require "json"
local scripts = require "test.scripts"

--- The fenced blocks of a document: { kind=, comment=, text=, line= }.
local function blocks(path)
  local out, number, comment, open = {}, 0, nil, nil
  for line in (assert(sys.files.read(path)) .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    local fence = line:match("^```(%w*)$")
    if open and fence then
      open.text = table.concat(open, "\n")
      out[#out + 1], open = open, nil
    elseif open then
      open[#open + 1] = line
    elseif fence then
      open, comment = { kind = fence, comment = comment, line = number }, nil
    else
      comment = line:match("^<!%-%- (.-) %-%->$") or (line ~= "" and nil) or comment
    end
  end
  return out
end

describe("docs/writing-skills.md", function()
  local root
  before_each(function() root = assert(sys.files.temp_dir("nano-sre-docs-")) end)
  after_each(function() sys.files.remove(root, { recursive = true }) end)

  local files = {}
  for _, block in ipairs(blocks "docs/writing-skills.md") do
    local comment = block.comment
    local name = ("line %d: %s"):format(block.line, tostring(comment))
    local file = comment and comment:match("^file: (.*)$")
    if file then
      files[file] = block.text
    else
      it(name, function()
        expect(block.kind):is("lua")
        for path, text in pairs(files) do
          assert(sys.files.make_dirs((root .. "/" .. path):match("^(.*)/")))
          assert(sys.files.write(root .. "/" .. path, text))
        end
        local job = { script = root .. "/example.lua", project = root, options = {} }
        if comment == "load" then
          job.mode = "inspect"
          local answer = scripts.run(block.text, job)
          expect(answer.error):is(nil)
          return
        end
        local status, rest = comment:match("^run: (%u+)(.*)$")
        for key, value in (rest:match("^ with (.*)$") or ""):gmatch("(%w+)=([^;]*)") do
          job.options[key] = value
        end
        local result = scripts.run(block.text, job)
        expect(result.status, result.summary):is(status)
        local summary = rest:match("^: (.*)$")
        if summary then expect(result.summary):is(summary) end
      end)
    end
  end
end)

describe("docs/result-format.md", function()
  local source = [[return skill "checkout" { severity = "P1", run = function(t)
  t.step("cart", function() t.note("a note of the script") t.warn("slow")
    t.measure("lcp_ms", 1200, { page = "home", baseline = true }) t.step("add", function()
      t.expect(0, "items in the cart"):is(1)
  end) end) end }]]

  --- Every key of a is in b, with a value of the same type, and so on inside; lists by their first
  --- item.
  local function covers(a, b, path)
    for key, value in pairs(a) do
      expect(b[key], ("%s.%s"):format(path, key)):is_not(nil)
      expect(type(b[key]), ("%s.%s"):format(path, key)):is(type(value))
      if type(value) == "table" and key ~= "details" then
        covers(value, b[key], path .. "." .. tostring(key))
      end
    end
  end

  it("shows the shape of a real result, and all of it", function()
    local written
    for _, block in ipairs(blocks "docs/result-format.md") do
      if block.comment == "result" then written = assert(json.decode(block.text)) end
    end
    local real = scripts.run(source)
    real.steps[1].notes = { real.steps[1].notes[1] }
    covers(written, real, "result")
    covers(real, written, "result")
    expect(real.summary):is(written.summary)
    expect(real.failure.where):is(written.failure.where)
  end)
end)

describe("docs/errors.md", function()
  local function sources(folder, ending, out)
    for _, entry in ipairs(assert(sys.files.list(folder))) do
      local path = folder .. "/" .. entry.name
      if entry.kind == "dir" then
        sources(path, ending, out)
      elseif path:find(ending) and not path:find("_test%.lua$") then
        out[#out + 1] = path
      end
    end
    return out
  end

  --- The codes that an assignment can give: "x", or y == "z" and "x" or "w".
  local function codes_of(expression)
    local out = { expression:match('^"([a-z][a-z-]*)"') }
    if expression:match('^[%w_.]+ == "') then
      for code in expression:gmatch(' and "([a-z][a-z-]*)"') do out[#out + 1] = code end
      for code in expression:match("^[^,}]*"):gmatch(' or "([a-z][a-z-]*)"') do
        out[#out + 1] = code
      end
    end
    return out
  end

  it("explains every code that the stdlib raises", function()
    local text = assert(sys.files.read "docs/errors.md")
    local missing = {}
    for _, path in ipairs(sources("stdlib", "%.lua$", {})) do
      for line in (assert(sys.files.read(path)) .. "\n"):gmatch("(.-)\n") do
        local assigned = line:match("[{,%s]code = (.*)")
        if assigned and not line:find("^%s*%-%-") then
          for _, code in ipairs(codes_of(assigned)) do
            if not text:find("| `" .. code .. "`", 1, true) then missing[code] = path end
          end
        end
      end
    end
    expect(missing):same {}
  end)

  it("explains every code that the engine gives", function()
    local text = assert(sys.files.read "docs/errors.md")
    local missing, found = {}, 0
    for _, path in ipairs(sources("engine", "%.c$", {})) do
      for code in assert(sys.files.read(path)):gmatch(
          'err_set%(&?[%w_>.-]+,%s+"([a-z][a-z-]*)",') do
        found = found + 1
        if not text:find("| `" .. code .. "`", 1, true) then missing[code] = path end
      end
    end
    local of_errno = assert(sys.files.read "engine/base/err.c")
    for code in of_errno:gmatch('return "([a-z][a-z-]*)"') do
      if not text:find("| `" .. code .. "`", 1, true) then missing[code] = "errno" end
    end
    expect(missing):same {}
    expect(found):above(20)
  end)
end)
