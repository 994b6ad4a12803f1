local db = require "service.db"
local kept = require "service.kept"
local learned = require "service.learned"
local pictures = require "service.pictures"

local SHOP, SKILL = "https://shop.example", "visual_auditor"

describe("service.pictures", function()
  local folder, store, files
  before_each(function()
    folder = assert(sys.files.temp_dir "pictures-test-")
    store = assert(db.open(folder .. "/nano.db"))
    files = kept.folder(folder .. "/nano.db", SHOP .. "/")
    assert(sys.files.make_dirs(files .. "/" .. SKILL))
  end)
  after_each(function()
    store:close()
    sys.files.remove(folder, { recursive = true })
  end)

  local function file(name)
    assert(sys.files.write(kept.path(files, SKILL, name), name))
    return name
  end
  local function there()
    local names = {}
    for i, entry in ipairs(sys.files.list(files .. "/" .. SKILL)) do names[i] = entry.name end
    return table.concat(names, " ")
  end

  local function entry(name, pending)
    return { name = name, page = name:match "^[^/]*", device = "Desktop", path = "/",
      picture = file(name:gsub("/", "-") .. "-1.png"), taken_at = "2026-01-01T00:00:00.000Z",
      pending = pending and { picture = file(name:gsub("/", "-") .. "-2.png"), path = "/new",
        snapshot = "s2.json", seen_at = "2026-01-02T00:00:00.000Z", words = "it moved" } }
  end
  local function learn(...)
    local result = { skill = SKILL, store_url = SHOP, status = "PASS",
      learned = { pictures = { ... } } }
    assert(learned.keep(store, result))
    return assert(pictures.list(store))[1]
  end

  it("lists what is known of a shop", function()
    local row = learn(entry "home/desktop", entry("cart/desktop", true))
    expect(row.store_url):is(SHOP)
    expect(row.skill):is(SKILL)
    expect(#row.pictures):is(2)
    expect(row.metrics):same {}
    assert(store:baseline_put(SHOP, "other", { nano_sre = { learned = "no pictures" } }))
    assert(store:baseline_put(SHOP, "theirs", { x = 1 }))
    local rows = assert(pictures.list(store))
    expect(#rows):is(2)
    expect(rows[1].skill):is("other")
    expect(rows[1].pictures):same {}
  end)

  it("has the figures that the last run was told", function()
    assert(store:record_result { skill = "checkout", store_url = SHOP, status = "PASS",
      started_at = "2026-01-01T00:00:00.000Z",
      metrics = { { name = "lcp_ms", value = 800, page = "home" } },
      details = { baselines = { metrics = { { name = "lcp_ms", page = "home", median = 790 } } } },
    })
    local row = assert(pictures.list(store))[1]
    expect(row.skill):is("checkout")
    expect(row.metrics[1].median):is(790)
  end)

  it("makes what waits the baseline, and only that", function()
    local row = learn(entry "home/desktop", entry("cart/desktop", true))
    local done = assert(pictures.approve(store, row, row.pictures, "2026-01-03T00:00:00.000Z"))
    expect(#done):is(1)
    local now = learned.get(store, SHOP, SKILL).pictures
    expect(now[1].picture):is("home-desktop-1.png")
    expect(now[2].picture):is("cart-desktop-2.png")
    expect(now[2].path):is("/new")
    expect(now[2].taken_at):is("2026-01-02T00:00:00.000Z")
    expect(now[2].pending):is(nil)
    expect(#assert(pictures.approve(store, row, row.pictures, "x"))):is(0)
  end)

  it("forgets single pictures with their files", function()
    local row = learn(entry "home/desktop", entry("cart/desktop", true))
    assert(pictures.forget(store, row, { row.pictures[2] }, files))
    expect(there()):is("home-desktop-1.png")
    expect(#learned.get(store, SHOP, SKILL).pictures):is(1)
  end)

  it("begins anew", function()
    local row = learn(entry "home/desktop")
    assert(pictures.reset(store, row, files))
    expect(learned.get(store, SHOP, SKILL)):is(nil)
    expect(there()):is("")
    expect(assert(pictures.list(store))[1].data.since):matches "^%d"
  end)

  it("does not let a run bring back what was changed while it went on", function()
    local given = { pictures = { entry("home/desktop", true) } }
    learn(unpack(given.pictures))
    given = learned.get(store, SHOP, SKILL)
    local row = assert(pictures.list(store))[1]
    assert(pictures.approve(store, row, row.pictures, "2026-01-03T00:00:00.000Z"))
    local stale = { skill = SKILL, store_url = SHOP, status = "WARN", learned = given }
    expect(learned.keep(store, stale, { given = { given } })):is(true)
    expect(learned.get(store, SHOP, SKILL).pictures[1].picture):is("home-desktop-2.png")
    given = learned.get(store, SHOP, SKILL)
    stale.learned = { pictures = { entry "home/desktop" } }
    expect(learned.keep(store, stale, { given = { given } })):is(true)
    expect(learned.get(store, SHOP, SKILL).pictures[1].picture):is("home-desktop-1.png")
  end)

  it("keeps pictures that a run which took all anew did not look at", function()
    local old = { pictures = { { name = "a", picture = "1" }, { name = "b", picture = "1" } } }
    local merged = pictures.merged(old, { pictures = { { name = "b", picture = "2" } } })
    expect(merged.pictures):same { { name = "b", picture = "2" }, { name = "a", picture = "1" } }
    expect(pictures.merged(old, "something else")):is("something else")
    expect(pictures.merged(nil, { pictures = {} })):same { pictures = {} }
  end)

  it("keeps young files that nobody speaks of yet, and the old ones that are spoken of", function()
    file "old.png"
    file "named.png"
    kept.tidy(files, SKILL, { "named.png" }, sys.clock.now())
    expect(there()):is("named.png old.png")
    kept.tidy(files, SKILL, { "named.png" }, sys.clock.now() + 7200000)
    expect(there()):is("named.png")
  end)

  it("keeps shops apart, whatever their addresses look like", function()
    local function place(url)
      return kept.folder("/state/nano.db", url):match "^/state/kept/(.*)$"
    end
    expect(place "https://shop.example/"):is(place "https://shop.example")
    expect(place "https://shop.example/de" == place "https://shop.example"):is(false)
    expect(place "https://../../etc"):matches "^[%w._-]+$"
    expect(place "https://../../etc":find("^%.")):is(nil)
  end)
end)
