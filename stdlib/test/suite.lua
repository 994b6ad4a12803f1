--- The words of a test file: describe, it, before_each, … Collects a tree of blocks while the file
--- runs; test/main.lua executes it afterwards.

local suite = {}

---@class test.Case
---@field name string
---@field fn function?       nil: pending
---@field timeout_ms number

---@class test.Block
---@field name string
---@field items table[]      { case = test.Case } | { block = test.Block }, in order
---@field hooks table<string, function[]>

local DEFAULT_LIMIT_MS = 30000

local function new_block(name)
  return { name = name, items = {},
    hooks = { before_all = {}, before_each = {}, after_each = {}, after_all = {} } }
end

local function need(kind, value, signature)
  if type(value) ~= kind then
    error(("%s: expected a %s, got a %s"):format(signature, kind, type(value)), 3)
  end
end

--- Makes the words and the tree that they fill.
---@param name string  of the file
---@return table words  describe, it, pending, before_each, after_each, before_all, after_all
---@return test.Block root
function suite.collect(name)
  local root = new_block(name)
  local current = root
  local words = {}

  --- Groups tests; may be nested.
  function words.describe(title, fn)
    need("string", title, "describe(title, fn)")
    need("function", fn, "describe(title, fn)")
    local outer, block = current, new_block(title)
    table.insert(outer.items, { block = block })
    current = block
    fn()
    current = outer
  end

  --- One test. It may wait. options: { timeout_ms = 30000 }.
  function words.it(title, fn, options)
    need("string", title, "it(title, fn)")
    if fn ~= nil then need("function", fn, "it(title, fn)") end
    local limit = options and options.timeout_ms or DEFAULT_LIMIT_MS
    table.insert(current.items, { case = { name = title, fn = fn, timeout_ms = limit } })
  end

  --- A test that is still to be written, or cannot run here.
  function words.pending(title)
    words.it(title, nil)
  end

  for hook in pairs(root.hooks) do
    words[hook] = function(fn)
      need("function", fn, hook .. "(fn)")
      table.insert(current.hooks[hook], fn)
    end
  end
  return words, root
end

return suite
