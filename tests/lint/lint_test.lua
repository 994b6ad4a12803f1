-- Each rule of tools/lint finds the bad code that it is there for, and good code passes.

local root = assert(sys.env.cwd())

-- What every tree needs so that only the rule at hand speaks.
local GOOD_C = "/* x.c: an example. */\n#include \"io/x.h\"\n\n#include <string.h>\n"
local GOOD_H = "/* An example. */\n#include <stddef.h>\n"
local GOOD_LUA = "--- An example.\n\nlocal x = {}\n\n--- Does it.\nfunction x.go() end\n\n"
  .. "return x\n"
local GOOD_TEST = "describe(\"x\", function() end)\n"

-- A good module with more code in it.
local function module_with(code)
  return "--- An example.\n\n" .. code .. "\nlocal x = {}\n\nreturn x\n"
end

-- Runs lint over a tree of files; returns its exit code and what it printed.
local function lint(files)
  local folder = assert(sys.files.temp_dir("nano-sre-lint-"))
  for name, text in pairs(files) do
    local path = folder .. "/" .. name
    assert(sys.files.make_dirs(path:match("^(.*)/")))
    assert(sys.files.write(path, text))
  end
  local process = assert(sys.process.spawn {
    argv = { "/usr/bin/luajit", root .. "/tools/lint.lua", folder }, cwd = folder,
    stdin = "null", stdout = "pipe", stderr = "null",
  })
  local out = {}
  while true do
    local piece = assert(process:read("stdout"))
    if piece == "" then break end
    out[#out + 1] = piece
  end
  local ended = assert(process:wait())
  sys.files.remove(folder, { recursive = true })
  return ended.code, table.concat(out)
end

-- The tree has exactly one finding, whose text contains this.
local function finds(files, text)
  local code, out = lint(files)
  local _, count = out:gsub("\n", "\n")
  if count ~= 1 or not out:find(text, 1, true) then
    error(("wanted one finding with %q, got:\n%s"):format(text, out), 2)
  end
  expect(code):is(1)
end

local function passes(files)
  local code, out = lint(files)
  expect(out):is("")
  expect(code):is(0)
end

local function c(line, file)
  return { [file or "engine/io/x.c"] = GOOD_C .. line .. "\n", ["engine/io/x.h"] = GOOD_H }
end

local function stdlib(files)
  local all = { ["stdlib/fault.lua"] = GOOD_LUA, ["stdlib/fault_test.lua"] = GOOD_TEST }
  for name, text in pairs(files) do all[name] = text end
  return all
end

describe("lint of C", function()
  it("passes good code", function()
    passes(c("#include <curl/curl.h>\n\nint x(void)\n{\n    return 1;\n}"))
    passes { ["engine/bind/x.c"] = "/* x */\n#include <lua.h>\n#include \"io/x.h\"\n",
      ["engine/io/x.h"] = GOOD_H }
  end)

  it("knows which layer may include which", function()
    for _, pair in ipairs { { "io", "bind" }, { "io", "script" }, { "base", "io" },
      { "script", "io" }, { "bind", "app" } } do
      local from, to = pair[1], pair[2]
      local tree = { [("engine/%s/y.h"):format(to)] = GOOD_H }
      tree[("engine/%s/x.c"):format(from)] = ("/* x */\n#include \"%s/y.h\"\n"):format(to)
      finds(tree, ("the arrow %s → %s does not exist"):format(from, to))
    end
  end)

  it("wants includes from engine/ that exist, and files in a layer", function()
    finds(c '#include "x.h"', "engine/io/x.c:5: \"x.h\" is not a path from engine/")
    finds(c '#include "io/gone.h"', "there is no engine/io/gone.h")
    finds({ ["engine/util/x.c"] = "/* x */\n" }, "not in a layer")
  end)

  it("keeps libraries in their layer", function()
    finds(c "#include <lua.h>", "engine/io/x.c:5: io must not know <lua.h>")
    finds(c "#include <lauxlib.h>", "io must not know <lauxlib.h>")
    for _, header in ipairs { "ev.h", "curl/curl.h", "openssl/ssl.h", "sqlite3.h", "zlib.h",
      "libwebsockets.h" } do
      finds({ ["engine/bind/x.c"] = ("/* x */\n#include <%s>\n"):format(header) },
        ("bind must not know <%s>"):format(header))
    end
    finds(c "#include <glib.h>", "<glib.h> is of no library")
  end)

  it("is not fooled by comments", function()
    passes(c "/* #include <lua.h> */\n// #include <lua.h>")
  end)

  it("wants glue to stand alone", function()
    finds(c "int y = CURLMOPT_SOCKETFUNCTION;", "stands alone")
    local glue = c("int y = CURLMOPT_SOCKETFUNCTION;", "engine/io/x_loop.c")
    passes(glue)
  end)

  it("keeps shops out of the engine", function()
    finds(c("/* as Shopify does */"), "shopify: the engine knows nothing of shops")
    finds(c 'const char *path = "/cart.js";', "cart: the engine knows nothing of shops")
    passes(c "/* cartesian, cartridge */")
  end)

  it("keeps budgets", function()
    finds(c(("int y;\n"):rep(600)), "lines; 600 are allowed")
    local function body(lines) return "int y(void)\n{\n" .. ("    z();\n"):rep(lines) .. "}" end
    finds(c(body(101)), "engine/io/x.c:5: y has 101 lines")
    passes(c(body(100)))
  end)

  it("wants a header comment", function()
    finds({ ["engine/io/x.c"] = "#include <string.h>\n" }, "no comment at the top")
  end)
end)

describe("lint of Lua", function()
  it("passes good code", function()
    passes(stdlib { ["stdlib/run/a.lua"] = module_with 'local f = require "fault"',
      ["stdlib/run/a_test.lua"] = GOOD_TEST })
  end)

  it("finds syntax errors", function()
    finds({ ["scripts/skills/x.lua"] = "-- x\nlocal = 1\n" }, "scripts/skills/x.lua:2: syntax: ")
  end)

  it("keeps the layers of the stdlib", function()
    local function requires(from, to)
      return stdlib { [from] = module_with(('local y = require "%s"'):format(to)),
        [from:gsub("%.lua$", "_test.lua")] = GOOD_TEST, ["stdlib/cli/main.lua"] = GOOD_LUA,
        ["stdlib/cli/main_test.lua"] = GOOD_TEST, ["stdlib/report/list.lua"] = GOOD_LUA,
        ["stdlib/report/list_test.lua"] = GOOD_TEST }
    end
    finds(requires("stdlib/http.lua", "cli.main"), "http must not require cli.main")
    finds(requires("stdlib/browser/page.lua", "report.list"),
      "browser.page must not require report.list")
    finds(requires("stdlib/run/steps.lua", "report.list"),
      "run.steps must not require report.list")
    finds(requires("stdlib/json.lua", "gone"), "the stdlib has no such module")
    passes(requires("stdlib/service/db.lua", "report.list"))
    passes(requires("stdlib/run/steps.lua", "fault"))
    finds(stdlib { ["stdlib/newcomer.lua"] = GOOD_LUA, ["stdlib/newcomer_test.lua"] = GOOD_TEST },
      "newcomer has no layer")
  end)

  it("takes names of modules in texts and computed names for what they are", function()
    passes(stdlib { ["stdlib/json.lua"] = module_with("local t = 'use require \"cli.gone\"'\n"
      .. "local y = require(\"cli.verb.\" .. t)\n-- require \"cli.gone\""),
      ["stdlib/json_test.lua"] = GOOD_TEST })
  end)

  it("wants comments", function()
    finds(stdlib { ["stdlib/json.lua"] = "local x = {}\nreturn x\n",
      ["stdlib/json_test.lua"] = GOOD_TEST }, "no comment at the top")
    local text = "--- X.\nlocal x = {}\n\nfunction x.go() end\n\n-- Not one.\n"
      .. "x.run = function() end\n\nlocal function mine() end\n\nreturn x\n"
    local _, out = lint(stdlib { ["stdlib/json.lua"] = text, ["stdlib/json_test.lua"] = GOOD_TEST })
    expect(out):is("stdlib/json.lua:4: x.go has no --- comment\n"
      .. "stdlib/json.lua:7: x.run has no --- comment\n")
  end)

  it("wants tests", function()
    finds(stdlib { ["stdlib/json.lua"] = GOOD_LUA }, "json has no test: write one beside it")
    finds(stdlib { ["stdlib/run/a.lua"] = GOOD_LUA, ["stdlib/run/b.lua"] = GOOD_LUA },
      "run has no test: write one in stdlib/run/")
  end)

  it("keeps budgets", function()
    finds(stdlib { ["tests/e2e/x_test.lua"] = ("-- x\n"):rep(401) }, "401 lines; 400 are allowed")
  end)
end)

describe("lint of any text", function()
  it("keeps lines short, counting characters", function()
    finds({ ["tests/x.lua"] = "-- " .. ("x"):rep(98) .. "\n" },
      "tests/x.lua:1: the line has 101 columns")
    passes { ["tests/x.lua"] = "-- " .. ("ä"):rep(97) .. "\n",
      ["docs/x.md"] = ("x"):rep(200) .. "\n" }
    finds({ ["stdlib/x.js"] = ("x"):rep(101) .. "\n" }, "101 columns")
  end)

  it("finds unfinished work", function()
    for _, word in ipairs { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X" } do
      finds({ ["tests/x.lua"] = ("-- %s: later\n"):format(word) }, word)
      finds({ ["Makefile"] = ("# %s\n"):format(word) }, word)
    end
  end)

  it("finds fixed sleeps in tests", function()
    local text = "a test must not sleep"
    finds({ ["tests/unit/test_x.c"] = "/* x */\nint main(void)\n{\n    sleep(1);\n}\n" }, text)
    finds({ ["tests/unit/test_x.c"] = "/* x */\nint main(void)\n{\n    usleep(1);\n}\n" }, text)
    finds({ ["tests/e2e/x_test.lua"] = "-- x\nsys.clock.sleep(10)\n" }, text)
    finds({ ["tests/e2e/x.sh"] = "#!/bin/sh\nsleep 5\n" }, text)
    passes { ["tests/e2e/x_test.lua"] = "-- x\nwhile not done() do\n  sys.clock.sleep(10)\nend\n"
      .. "sys.clock.sleep(0)\n",
      ["tests/unit/test_x.c"] = "/* sleep(1) */\nconst char *s = \"sleep(1)\";\n" }
  end)
end)

describe("lint", function()
  it("passes a tree without files", function()
    passes { ["notes.txt"] = "anything" }
  end)
end)
