-- The Admin API client against a server that answers as Shopify does.

local admin = require "shop.admin"
local json = require "json"

local server, asked, answers

before_each(function()
  server, asked, answers = assert(sys.server.listen { host = "127.0.0.1", port = 0 }), {}, {}
  local own = server
  sys.task.spawn(function()
    while true do
      local request = own:accept()
      if not request then return end
      table.insert(asked, request)
      local answer = table.remove(answers, 1) or { 500, {} }
      own:respond(request.id, answer[1], answer[3] or {}, json.encode(answer[2]))
    end
  end)
end)
after_each(function() server:close() end)

local function client()
  return admin.new { url = ("http://127.0.0.1:%d/"):format(server:port()), token = "shpat_x" }
end

local function cost(requested, actual, available, rate)
  return { cost = { requestedQueryCost = requested, actualQueryCost = actual,
    throttleStatus = { maximumAvailable = 2000, currentlyAvailable = available,
    restoreRate = rate or 100 } } }
end

local function refusal(code, message, more)
  local extensions = more or {}
  extensions.code = code
  return { 200, { errors = { { message = message or code, extensions = extensions } } } }
end

describe("the Admin API client", function()
  it("sends token and query, and keeps what it cost", function()
    answers = { { 200, { data = { shop = { name = "X" } }, extensions = cost(12, 3, 1997) } } }
    local it = client()
    expect(it:query("{ shop { name } }", { first = 1 })):same { shop = { name = "X" } }
    expect(asked[1].path):is("/admin/api/2026-07/graphql.json")
    expect(asked[1].headers["x-shopify-access-token"]):is("shpat_x")
    expect(json.decode(asked[1].body)):same { query = "{ shop { name } }",
      variables = { first = 1 } }
    expect(it.spent):is(3)
    expect(it:quota()):is("1997 of 2000 points, 100/s come back")
    for _, value in pairs(it) do expect(value):is_not("shpat_x") end
  end)

  it("waits as long as the bucket needs, and asks again", function()
    local throttled = { 200, { errors = { { message = "Throttled",
      extensions = { code = "THROTTLED" } } }, extensions = cost(500, json.null, 480, 1000) } }
    answers = { throttled, { 200, { data = { a = 1 }, extensions = cost(500, 20, 480) } } }
    local it = client()
    expect(it:query("{ a }")):same { a = 1 }
    expect(#asked):is(2)
    expect(it.waited_ms):is(100)
    expect(admin.wait_ms { requested = 992, available = 400, restore_rate = 100 }):is(5920)
    expect(admin.wait_ms { requested = 99999, available = 0, restore_rate = 1 }):is(60000)
    expect(admin.wait_ms(nil)):is(1000)
  end)

  local function fails(answer)
    answers = { answer }
    local data, message, code, partial = client():query("{ a }")
    expect(data):is(nil)
    return code .. ": " .. message, partial
  end

  it("explains what the shop refuses", function()
    local text, partial = fails { 200, { data = { shop = { name = "X" } }, errors = { {
      message = "Access denied", extensions = { code = "ACCESS_DENIED",
      requiredAccess = "`read_themes` access scope." } } } } }
    expect(text):is("access-denied: the access token may not do this: it needs `read_themes` "
      .. "access scope")
    expect(partial.shop.name):is("X")
    expect((fails(refusal("MAX_COST_EXCEEDED", "Query cost is 2003.")))):is(
      "too-expensive: Query cost is 2003. Ask for fewer items at once.")
    expect((fails { 200, { data = { productUpdate = { userErrors = { { field = { "input", "title" },
      message = "can't be blank" } } } } } })):is("user-errors: the shop refuses: input.title: "
      .. "can't be blank")
    expect((fails(refusal("undefinedField", "Field 'x' doesn't exist")))):is(
      "graphql: Field 'x' doesn't exist")
  end)

  it("explains statuses", function()
    expect((fails { 401, { errors =
      "[API] Invalid API key" } })):contains("does not know this access token")
    expect((fails { 402, {} })):contains("frozen")
    expect((fails { 404, {} })):contains("no Admin API at this address")
    expect((fails { 503, {} })):is("http-status: the Admin API answered 503")
  end)
end)
