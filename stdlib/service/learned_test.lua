local baselines = require "service.baselines"
local db = require "service.db"
local learned = require "service.learned"

local SHOP, SKILL = "https://shop.example", "pixel_auditor"

describe("service.learned", function()
  local folder, store
  before_each(function()
    folder = assert(sys.files.temp_dir "learned-test-")
    store = assert(db.open(folder .. "/nano.db"))
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)

  local function result(value, status)
    return { skill = SKILL, store_url = SHOP .. "/", status = status or "PASS", learned = value }
  end

  it("gives the next run what the last one left", function()
    expect(learned.get(store, SHOP, SKILL)):is(nil)
    expect(learned.keep(store, result { vendors = { "meta" } })):is(true)
    expect(learned.get(store, SHOP, SKILL)):same { vendors = { "meta" } }
    expect(learned.get(store, SHOP, "checkout")):is(nil)
    expect(learned.get(store, "https://other.example", SKILL)):is(nil)
    expect(learned.keep(store, result { vendors = {} })):is(true)
    expect(learned.get(store, SHOP, SKILL).vendors):same {}
  end)

  it("keeps nothing of runs that broke or that learned nothing", function()
    learned.keep(store, result("kept"))
    expect(learned.keep(store, result("broken", "ERROR"))):is(true)
    expect(learned.keep(store, result(nil))):is(true)
    expect(learned.get(store, SHOP, SKILL)):is("kept")
  end)

  it("leaves what others keep in the row, and begins anew with the baseline", function()
    assert(store:baseline_put(SHOP, SKILL, { theirs = 1, nano_sre = { since = "2024" } }))
    learned.keep(store, result("x"))
    local data = assert(store:baseline_get(SHOP, SKILL)).data
    expect(data.theirs):is(1)
    expect(data.nano_sre.since):is("2024")
    assert(baselines.reset(store, SHOP, SKILL))
    expect(learned.get(store, SHOP, SKILL)):is(nil)
    expect(store:baseline_get(SHOP, SKILL).data.theirs):is(1)
  end)
end)
