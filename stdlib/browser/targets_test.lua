-- Requests, console lines and exceptions of frames and workers, in a real Chromium.

local web = assert(sys.load_trusted(sys.files.read("tests/lua/web.lua"), "tests/lua/web.lua"))()

local WORKER = [[
fetch('/from-worker', { method: 'POST', body: 'w=1' });
console.log('the worker speaks');
setTimeout(() => fetch('/after'), 10);
setTimeout(() => { throw new Error('the worker breaks'); }, 0);
]]

local FRAME = [[<script>
fetch('/from-frame?deep', { method: 'POST', body: 'f=1', mode: 'no-cors' });
console.log('the frame speaks');
new Worker('/frame-worker.js');
</script>]]

local function script(text)
  return { body = text, headers = { ["content-type"] = "text/javascript" } }
end

local function find(list, field, pattern)
  for _, one in ipairs(list) do
    if tostring(one[field]):find(pattern) then return one end
  end
end

describe("frames and workers of a page", function()
  local site, other, page, context
  before_each(function()
    local pages = {
      ["/worker.js"] = script(WORKER), ["/frame-worker.js"] = script("fetch('/deepest');"),
      ["/frame"] = FRAME, ["/from-worker"] = "ok", ["/from-frame"] = "ok", ["/deepest"] = "ok",
      ["/after"] = "ok",
      ["/blob"] = "ok",
    }
    other = web.site(pages)
    pages["/"] = [[<h1>Home</h1><script>new Worker('/worker.js');
      navigator.sendBeacon('/blob', new Blob(['b=1'], { type: 'text/plain' }));</script>
      <iframe sandbox="allow-scripts" src="/frame"></iframe>]]
    -- Another site (localhost is not 127.0.0.1) gets a process of its own.
    pages["/other"] = ('<iframe src="http://localhost:%d/frame"></iframe>'):format(other.port)
    site = web.site(pages)
    page, context = web.page(site, { hosts = { "localhost" } })
  end)
  after_each(function()
    web.finish(context)
    site:close()
    other:close()
  end)

  it("send requests that are told with where they came from and what they sent", function()
    page:goto("/")
    page:wait_for_response("**/from-worker")
    page:wait_for_response("**/from-frame*")
    page:wait_for_response("**/blob")
    local list = page:requests { post_data = true }
    local worker, frame = find(list, "url", "/from%-worker$"), find(list, "url", "/from%-frame")
    expect(worker.from):is("worker")
    expect(worker.worker):matches("/worker%.js$")
    expect(worker.post_data):is("w=1")
    expect(page:wait_for_response("**/from-worker"):text()):contains("ok")
    expect(worker.status):is(200)
    expect(frame.from):is("iframe")
    expect(frame.frame):matches("/frame$")
    expect(frame.post_data):is("f=1")
    expect(find(list, "url", "/$").from):is("page")
    expect(find(page:requests(), "url", "/from%-worker$").post_data):is(nil)
  end)

  it("in a process of their own are heard as well, and so are their workers", function()
    page:goto("/other")
    page:wait_for_response("**/from-frame*")
    page:wait_for_response("**/deepest")
    local list = page:requests { post_data = true }
    expect(find(list, "url", "/from%-frame").from):is("iframe")
    expect(find(list, "url", "/from%-frame").frame):matches("^http://localhost:%d+/frame$")
    expect(find(list, "url", "/deepest").from):is("worker")
    local count = 0
    for _, one in ipairs(list) do
      if one.url:find("localhost:%d+/frame$") then count = count + 1 end
    end
    expect(count):is(1)
    expect(find(page:console(), "text", "the frame speaks")):truthy()
  end)

  it("say and throw what the page's console and errors tell", function()
    page:goto("/")
    page:wait_for_response("**/after")
    expect(find(page:errors(), "message", "the worker breaks")):truthy()
    expect(find(page:console(), "text", "the worker speaks")):truthy()
    expect(find(page:console(), "text", "the frame speaks")):truthy()
  end)

  it("a body that is a blob is told too", function()
    page:goto("/")
    local request = page:wait_for_request("**/blob")
    page:wait_for_response("**/blob")
    expect(request.post_data):is("b=1")
  end)

  it("refuses an option that page:requests does not have", function()
    web.fault("usage", page.requests, page, { bodies = true })
  end)
end)
