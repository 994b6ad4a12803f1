--- Files that a page makes the browser download: into a folder of the page's own that Chromium
--- makes when there is a first one, and that goes with the page. It lies in the browser's own
--- folder, which goes with the browser even if this process is killed.

local fault = require "fault"
local glob = require "browser.glob"
local limits = require "browser.limits"
local target = require "browser.target"
local world = require "browser.world"

local downloads = {}

local SIZE_MAX = 100 * 1024 * 1024 -- a larger one is called off

local decode = sys.codec.json_decode

---@class browser.Downloads
---@field tab browser.Tab
---@field list table[]    { id, url, name, size, state, read }
---@field folder string
local Downloads = {}
Downloads.__index = Downloads

---@param tab browser.Tab
---@return browser.Downloads
function downloads.new(tab)
  -- Not made here, because few pages download. A browser that was there before us has none; a run
  -- may not ask for TMPDIR.
  local within = tab.browser:info().folder or "/tmp"
  return setmetatable({ tab = tab, list = {}, by_id = {},
    folder = ("%s/nano-sre-download-%s"):format(within, sys.random.uuid()) }, Downloads)
end

--- The command that lets the page download; it goes out with those that set a page up.
function Downloads:command()
  return { "Browser.setDownloadBehavior", { behavior = "allowAndName", eventsEnabled = true,
    downloadPath = self.folder, browserContextId = self.tab.context:id() } }
end

--- Browser.downloadWillBegin
---@param raw string
function Downloads:began(raw)
  local event = decode(raw)
  if event.frameId ~= self.tab.frame and not self.tab.tree.frames[event.frameId] then return end
  local one = { id = event.guid, url = event.url, name = event.suggestedFilename,
    state = "inProgress", size = 0 }
  self.list[#self.list + 1], self.by_id[one.id] = one, one
end

--- Browser.downloadProgress
---@param raw string
function Downloads:progress(raw)
  local event = decode(raw)
  local one = self.by_id[event.guid]
  if not one then return end
  one.state, one.size = event.state, event.receivedBytes
  if one.state == "inProgress" and one.size > SIZE_MAX then
    one.too_large = true
    self.tab:post("Browser.cancelDownload", { guid = one.id,
      browserContextId = self.tab.context:id() })
  end
end

--- The page is closed: what it downloaded goes. Never raises.
function Downloads:finish()
  if #self.list > 0 then pcall(sys.files.remove, self.folder, { recursive = true }) end
end

local function find(list, test)
  for _, one in ipairs(list) do
    if not one.read and test(one.url) then return one end
  end
end

--- page:wait_for_download: the first download that was not yet asked for, when it is whole. To be
--- called after the action that sets it off.
---@param tab browser.Tab
---@param pattern string|function|nil  of its address
---@param options table?               timeout
---@return table download              { name, url, size (bytes) }
function downloads.wait(tab, pattern, options)
  local signature = "page:wait_for_download(pattern, {timeout})"
  if type(pattern) == "table" then pattern, options = nil, pattern end
  options = target.check_options(signature, options, target.TIMEOUT)
  local test = pattern and glob.compile(signature, pattern) or function() return true end
  local deadline = limits.deadline(limits.read(signature, options.timeout, tab.navigation_timeout))
  local list, one = tab.downloads.list, nil
  while true do
    one = find(list, test)
    if one and one.state ~= "inProgress" then break end
    world.check_alive(tab)
    local left = deadline:left()
    if left == 0 then
      local words = one and ("the download %s did not end"):format(one.name)
        or "no download began"
      fault.failure { code = "timeout", details = { url = tab.document.url },
        message = ("%s in %s. URL %s"):format(words, deadline:words(), tab.document.url) }
    end
    tab.changed:wait(left)
  end
  one.read = true
  if one.state == "canceled" then
    fault.failure { code = "download", details = { url = one.url },
      message = one.too_large and ("the download %s is larger than %d MB"):format(one.name,
      SIZE_MAX / 1048576) or ("the download %s broke off: %s"):format(one.name, one.url) }
  end
  return { name = one.name, url = one.url, size = one.size }
end

return downloads
