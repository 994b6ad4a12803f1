local scripts = require "test.scripts"

describe("t.keep and t.kept", function()
  local folder
  before_each(function() folder = assert(sys.files.temp_dir "nano-kept-") end)
  after_each(function() sys.files.remove(folder, { recursive = true }) end)

  local function run(body, more)
    local job = { kept = folder .. "/shop" }
    for key, value in pairs(more or {}) do job[key] = value end
    return scripts.body(body, job)
  end

  it("hold files from one run to the next", function()
    local result = run [[local name, path = t.keep("a.json", "{}") t.learn(name) return path]]
    expect(result.learned):matches "^a%-%x+%.json$"
    expect(result.summary):is(folder .. "/shop/t/" .. result.learned)
    result = run([[local bytes, path = t.kept(t.learned) return bytes .. " " .. path]],
      { learned = result.learned })
    expect(result.summary):is("{} " .. folder .. "/shop/t/" .. sys.files.list(folder
      .. "/shop/t")[1].name)
  end)

  it("never write over a file that is there", function()
    local result = run [[local a, b = t.keep("a.txt", "1"), t.keep("a.txt", "2")
      return t.kept(a) .. t.kept(b)]]
    expect(result.summary):is("12")
  end)

  it("say what is not there, and when nothing is kept", function()
    expect(run [[local bytes, why = t.kept "a-1.txt" return tostring(bytes) .. " " .. why]].summary)
      :matches "^nil .*No such file"
    expect(scripts.body [[local name, why = t.keep("a.txt", "1") return tostring(name) .. why]]
      .summary):contains "not kept"
  end)

  it("reach no other file", function()
    expect(run [[t.kept "../t/a"]].error.message):contains "takes a name that t.keep gave"
    expect(run [[t.keep("../a", "")]].error.message):contains "the name is made of"
    expect(run [[t.keep(".a", "")]].error.message):contains "the name is made of"
    expect(run [[t.keep("a", 1)]].error.message):contains "bytes must be a text"
  end)

  it("write nothing in a dry run", function()
    local result = run([[local name, why = t.keep("a.txt", "1") return why]], { dry_run = true })
    expect(result.summary):contains "a dry run"
    expect(sys.files.stat(folder .. "/shop")):is(nil)
  end)
end)
