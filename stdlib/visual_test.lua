local fault = require "fault"
local pages = require "visual.pages"
local visual = require "visual"

describe("visual.audit", function()
  local t = { learned = nil }

  it("refuses what it does not know, before a page is opened", function()
    expect(function() visual.audit(t, { alowed = 1 }) end):raises 'unknown field "alowed"'
    local function problem(options)
      local ok, why = pcall(visual.audit, t, options)
      expect(ok):is(false)
      expect(fault.is(why, "usage")):is(true)
      expect(why.code):is("option") -- the configuration is wrong, not the script
      return why.message
    end
    expect(problem { pages = { "hme" } }):contains 'pages: there is no page "hme"'
    expect(problem { pages = {} }):contains "pages: there is none"
    expect(problem { devices = { "iPhone 99" } }):contains 'there is no device "iPhone 99"'
    expect(problem { mask = { "rol=button" } }):contains "mask: "
    expect(problem { keys = { "css=" } }):contains "keys: "
  end)

  it("knows pages by name, by path and by both", function()
    local list = pages.parse { "home", "about=/pages/about", "/collections/boots", "/", "cart" }
    local names = {}
    for i, one in ipairs(list) do names[i] = one.name .. " " .. one.title end
    expect(names):same { "home home page", "about /pages/about",
      "collections-boots /collections/boots", "cart cart page" }
    expect(list[3].path):is("/collections/boots")
  end)
end)
