--- What pages say on the console: which lines tell that server and browser drew different pages
--- (hydration), and which are noise that every shop has. docs/skills/headless_probe.md lists both.
--- Pure.

local messages = {}

-- Words of the frameworks, in lower case, as plain text. Production builds of React give numbers.
local HYDRATION = {
  { "hydration failed", "React" }, { "error while hydrating", "React" },
  { "error occurred during hydration", "React" }, { "text content did not match", "React" },
  { "text content does not match server-rendered html", "React" },
  { "did not match. server:", "React" }, { "expected server html to contain", "React" },
  { "did not expect server html to contain", "React" },
  { "a tree hydrated but some attributes", "React" },
  { "suspense boundary received an update before it finished hydrating", "React" },
  { "hydration completed but contains mismatches", "Vue" }, { "hydration node mismatch", "Vue" },
  { "hydration text mismatch", "Vue" }, { "hydration text content mismatch", "Vue" },
  { "hydration children mismatch", "Vue" }, { "hydration attribute mismatch", "Vue" },
  { "hydration class mismatch", "Vue" }, { "hydration style mismatch", "Vue" },
  { "client-side rendered virtual dom tree is not matching", "Vue" },
  { "hydration_mismatch", "Svelte" }, { "hydration_failed", "Svelte" },
  { "hydration_attribute_changed", "Svelte" }, { "hydration_html_changed", "Svelte" },
  { "unable to find dom nodes for hydration key", "Solid" },
  { "during hydration angular expected", "Angular" },
}
local REACT_CODES = { ["418"] = true, ["419"] = true, ["421"] = true, ["422"] = true,
  ["423"] = true, ["425"] = true }

-- What browsers and blockers say about shops that work.
local NOISE = {
  "resizeobserver loop", "chrome-extension://", "moz-extension://", "favicon.ico",
  "was preloaded using link preload but not used", "third-party cookie", "[deprecation]",
  "permissions policy violation", "permissions-policy header", "autofocus processing was blocked",
  "err_blocked_by_client", "play() request was interrupted", "play() failed because the user",
  "non-error promise rejection captured", "download the react devtools",
  "you are running a development build of vue",
}

--- The framework whose words for a hydration mismatch these are, nil if they are none.
---@param text string
---@return string?
function messages.hydration(text)
  local lower = text:lower()
  local code = lower:match("minified react error #(%d+)")
  if code and REACT_CODES[code] then return "React" end
  for _, known in ipairs(HYDRATION) do
    if lower:find(known[1], 1, true) then return known[2] end
  end
end

--- Whether a line is noise.
---@param text string
---@param ignore string[]?  more texts to leave out, in any case
---@return boolean
function messages.is_noise(text, ignore)
  local lower = text:lower()
  for _, known in ipairs(NOISE) do
    if lower:find(known, 1, true) then return true end
  end
  for _, known in ipairs(ignore or {}) do
    if lower:find(known:lower(), 1, true) then return true end
  end
  return false
end

local SHOWN = 160

local function shown(line, text)
  local source = line.url and line.url:match("([^/]+)$")
  text = #text > SHOWN and text:sub(1, SHOWN) .. "…" or text
  return source and ("%s (%s)"):format(text, source:gsub("%?.*$", "")) or text
end

-- Uncaught exceptions are console lines of type error as well.
local function errors_of(view)
  local out = {}
  for _, line in ipairs(view.console) do
    if line.type == "error" or line.type == "warn" then out[#out + 1] = line end
  end
  return out
end

--- Reports parts of pages that the browser had to draw again.
---@param views table[]
---@param found table  shop.findings
function messages.check_hydration(views, found)
  for _, view in ipairs(views) do
    for _, line in ipairs(errors_of(view)) do
      local framework = messages.hydration(line.text)
      if framework then
        found.poor(("a part of the %s is drawn differently by the server and by the browser, so it "
          .. "flickers and may not react (%s hydration error): %s"):format(view.name, framework,
          shown(line, line.text)), { code = "hydration", url = view.url,
          hint = "look for what differs between server and browser: dates, prices, random ids" })
        break
      end
    end
  end
end

--- Reports errors that the pages' scripts made, without noise and hydration.
---@param views table[]
---@param found table
---@param ignore string[]?
function messages.check_errors(views, found, ignore)
  for _, view in ipairs(views) do
    for _, line in ipairs(errors_of(view)) do
      local text = line.text
      if line.type == "error" and not messages.hydration(text)
        and not messages.is_noise(text .. " " .. (line.url or ""), ignore) then
        found.poor(("a script fails on the %s: %s"):format(view.name, shown(line, text)),
          { code = "console-error", url = line.url })
      end
    end
  end
end

return messages
