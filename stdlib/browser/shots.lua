--- Pictures of a page: the screen, the whole page, one element; held still, so that two pictures of
--- the same page are equal, and with what must not be seen covered.

local fault = require "fault"
local limits = require "browser.limits"
local messages = require "browser.messages"
local selectors = require "browser.selector"
local target = require "browser.target"
local world = require "browser.world"

local shots = {}

local SHOT_MS, STEADY_MS, HOLD_MS = 20000, 3000, 5000
local HEIGHT_MAX = 16000 -- device pixels of a picture: beyond it Chromium repeats the page
local LARGE = 1024 * 1024 -- bytes of an answer
local COVER = 0x808080ff

local encode = sys.codec.json_encode

--- Fields that hold what belongs to a person: covered when the configuration says so.
shots.PERSONAL = { "input[type=email]", "input[type=tel]", "input[type=password]",
  "input[autocomplete*=name]", "input[autocomplete*=address]", "input[autocomplete*=postal]",
  "input[autocomplete^=cc-]", "input[name*=email i]", "input[name*=phone i]",
  "input[name*=address i]", "[data-pii]" }

--- The bytes in an answer to Page.captureScreenshot; a failure passes through.
---@return string? png
---@return string? text
---@return string? code
function shots.picture(answer, text, code)
  if not answer then return nil, text, code end
  if #answer > LARGE then collectgarbage() end -- what came before may fill the run's memory
  -- Megabytes of base64 have no escapes: decoded where they are, not cut out.
  local _, before = answer:find('"data":"', 1, true)
  local after = before and answer:find('"', before + 1, true)
  if not after then return nil, "the browser gave no picture", "cdp" end
  return sys.codec.unbase64(answer, before + 1, after - 1)
end

local function capture(tab, clip, deadline)
  local params = { format = "png", optimizeForSpeed = true, clip = clip,
    captureBeyondViewport = clip ~= nil }
  local png, text, code = shots.picture(tab.browser:call("Page.captureScreenshot", encode(params),
    tab.session, math.max(1, deadline:left())))
  if not png then world.raise(tab, "screenshot", text, code) end
  return png
end

-- Chromium may draw an edge one way and then the other, for ever: what nobody sees does not count.
local function alike(one, other)
  if one == other then return true end
  local a, b = assert(sys.image.decode(one)), assert(sys.image.decode(other))
  local difference = sys.image.diff(a, b, { count_antialiased = true }).different
  a:free()
  b:free()
  return difference == 0
end

-- Until two pictures in a row are alike; a page that never is (a video) is taken as it is.
local function steady(tab, clip, deadline)
  local patience = limits.deadline(math.min(STEADY_MS, deadline:left()))
  local before = capture(tab, clip, deadline)
  while true do
    local png = capture(tab, clip, deadline)
    if alike(png, before) then return before end
    before = png
    if patience:left() == 0 then
      tab.log("debug", "the page did not stand still for a screenshot")
      return png
    end
  end
end

local function lists_of(signature, given)
  local out = {}
  if type(given) == "string" then given = { given } end
  if given ~= nil and type(given) ~= "table" then
    fault.usage(signature, "mask and blur take selectors")
  end
  for i, selector in ipairs(given or {}) do out[i] = selectors.parse(selector) end
  return out
end

local function where(tab, lists, deadline)
  if #lists == 0 then return {} end
  local answer = world.ask(tab, "screenshot", "boxes", { lists = lists }, deadline)
  return answer and answer.value or {}, answer
end

-- Covers boxes of the document in a picture that begins at origin.
local function hide(png, boxes, how, origin, scale)
  if #boxes == 0 then return png end
  local picture = assert(sys.image.decode(png))
  for _, box in ipairs(boxes) do
    local left, top = math.floor((box.x - origin.x) * scale), math.floor((box.y - origin.y) * scale)
    local area = { x = left, y = top, width = math.ceil(box.width * scale) + 1,
      height = math.ceil(box.height * scale) + 1 }
    if how == "blur" then
      picture:blur(area, math.max(12, math.floor(8 * scale)))
    else
      picture:fill(area, COVER)
    end
  end
  local out = assert(picture:encode(1))
  picture:free()
  return out
end

local function personal(tab)
  local lists = {}
  if tab.privacy then
    for i, css in ipairs(shots.PERSONAL) do lists[i] = { { "css", css } } end
  end
  return lists
end

--- Covers personal fields in a picture of the screen, if the configuration says so. Never raises;
--- nil when that could not be done, for then nobody may see the picture.
---@param tab browser.Tab
---@param png string
---@return string?
function shots.protect(tab, png)
  if not tab.privacy then return png end
  local ok, out = pcall(function()
    local boxes, answer = where(tab, personal(tab), limits.deadline(1000))
    if not answer then return nil end
    return hide(png, boxes, tab.privacy, { x = answer.x, y = answer.y }, tab.device.scale)
  end)
  return ok and out or nil
end

local OPTIONS = { name = true, path = true, timeout = true, full_page = true, selector = true,
  mask = true, blur = true, steady = true, scale = true, height = true }
local SIGNATURE = "page:screenshot{name, full_page, height, scale, selector, mask, blur, steady, "
  .. "timeout}"

-- What to take, in CSS pixels of the document; nil: the screen.
local function area_of(tab, options, page, deadline)
  if options.selector then
    local boxes = where(tab, { selectors.parse(options.selector) }, deadline)
    if not boxes[1] then
      messages.raise(tab, "screenshot of " .. options.selector, options.selector,
        { why = "missing" }, deadline:words())
    end
    return boxes[1]
  end
  if options.full_page then
    return { x = 0, y = 0, width = page.width,
      height = math.min(page.height, options.height or math.huge) }
  end
  if options.scale ~= "css" then return nil end
  return { x = page.x or 0, y = page.y or 0, width = tab.device.width, height = tab.device.height }
end

-- Device pixels of the picture for one of the page's.
local function scale_of(options, area, page)
  if options.scale == "css" then return math.min(1 / page.ratio, HEIGHT_MAX / area.height) end
  return math.min(1, HEIGHT_MAX / (area.height * page.ratio))
end

-- Stops what moves, lets lazy parts load; the document's size.
local function hold(tab, options, deadline)
  local answer = world.ask(tab, "screenshot", "hold", { through = options.full_page == true },
    limits.deadline(math.min(HOLD_MS, deadline:left())))
  return answer and answer.value
end

-- The document's size as it is.
local function measure(tab, _, deadline)
  local found = tab:call("Page.getLayoutMetrics", nil, math.max(1, deadline:left()))
  local size = found and found.cssContentSize
  return size and { width = size.width, height = size.height, ratio = tab.device.scale }
end

local function take(tab, options, deadline)
  local masks, blurs = lists_of(SIGNATURE, options.mask), lists_of(SIGNATURE, options.blur)
  for _, parts in ipairs(personal(tab)) do
    table.insert(tab.privacy == "blur" and blurs or masks, parts)
  end
  local held = options.steady ~= false
  local page = (held and hold or measure)(tab, options, deadline)
    or { width = tab.device.width, height = tab.device.height, ratio = tab.device.scale }
  local ok, png = pcall(function()
    local area, clip = area_of(tab, options, page, deadline), nil
    local scale = 1
    if area then
      scale = scale_of(options, area, page)
      clip = { x = area.x, y = area.y, width = area.width, height = area.height, scale = scale }
    end
    local png = (held and steady or capture)(tab, clip, deadline)
    local masked, at = where(tab, masks, deadline)
    local blurred, at_too = where(tab, blurs, deadline)
    local origin = area or at or at_too or { x = 0, y = 0 }
    png = hide(png, masked, "fill", origin, page.ratio * scale)
    return hide(png, blurred, "blur", origin, page.ratio * scale)
  end)
  if held then pcall(world.ask, tab, "screenshot", "release", {}, world.soon()) end
  if not ok then error(png, 0) end
  return png
end

local function check_size(options)
  if options.scale ~= nil and options.scale ~= "css" and options.scale ~= "device" then
    fault.usage(SIGNATURE, 'scale must be "css" or "device"')
  end
  local height = options.height
  if height ~= nil and (type(height) ~= "number" or height < 1) then
    fault.usage(SIGNATURE, "height must be a number of pixels")
  end
end

--- page:screenshot
---@param tab browser.Tab
---@param options table?  name (or path): keep it among the run's artifacts; full_page; height: the
---  most of a whole page, in CSS pixels; scale = "css": one pixel for each of CSS; selector (one
---  element); mask, blur (selectors); steady = false: at once, as it is; timeout
---@return string png
---@return string? path   where it was kept
function shots.screenshot(tab, options)
  options = target.check_options(SIGNATURE, options, OPTIONS)
  local name = options.name or options.path
  if name ~= nil and (type(name) ~= "string" or name == "") then
    fault.usage(SIGNATURE, "name must be a text")
  end
  check_size(options)
  world.check_alive(tab)
  local deadline = limits.deadline(limits.read(SIGNATURE, options.timeout, SHOT_MS))
  local png = take(tab, options, deadline)
  if not name then return png end
  name = name:match("[^/]*$"):gsub("%.png$", "") .. ".png"
  local path, why = tab.save(name, png)
  if not path then
    tab.log("warn", ("the screenshot %s is not kept: %s"):format(name, tostring(why)))
  end
  return png, path
end

return shots
