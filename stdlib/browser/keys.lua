--- Keys as Playwright names them ("Enter", "Shift+Tab", "a") as DevTools wants them, for a US
--- keyboard.

local fault = require "fault"
local nearest = require "run.nearest"

local keys = {}

local SIGNATURE = "page:press(selector, key)"

-- name → { virtual key code, text }
local NAMED = {
  Enter = { 13, "\r" }, Tab = { 9 }, Escape = { 27 }, Backspace = { 8 }, Delete = { 46 },
  Space = { 32, " " },
  ArrowLeft = { 37 }, ArrowUp = { 38 }, ArrowRight = { 39 }, ArrowDown = { 40 }, Home = { 36 },
  End = { 35 },
  PageUp = { 33 }, PageDown = { 34 }, Insert = { 45 }, F1 = { 112 }, F2 = { 113 }, F3 = { 114 },
  F4 = { 115 },
  F5 = { 116 }, F6 = { 117 }, F7 = { 118 }, F8 = { 119 }, F9 = { 120 }, F10 = { 121 },
  F11 = { 122 }, F12 = { 123 },
  Shift = { 16 }, Control = { 17 }, Alt = { 18 }, Meta = { 91 },
}
local MODIFIERS = { Alt = 1, Control = 2, Meta = 4, Shift = 8 }
local CODES = { Shift = "ShiftLeft", Control = "ControlLeft", Alt = "AltLeft", Meta = "MetaLeft" }

local function character(key)
  local upper = key:upper()
  if key:match("^%a$") then
    return { key = key, code = "Key" .. upper, windowsVirtualKeyCode = upper:byte(), text = key }
  end
  if key:match("^%d$") then
    return { key = key, code = "Digit" .. key, windowsVirtualKeyCode = key:byte(), text = key }
  end
  return { key = key, text = key }
end

local function find(text, name)
  local known = NAMED[name]
  if known then
    return { key = name == "Space" and " " or name, code = CODES[name] or name,
      windowsVirtualKeyCode = known[1],
      text = known[2] }
  end
  -- One character, which may be several bytes.
  if name:match("^[%z\1-\127\194-\244][\128-\191]*$") then return character(name) end
  fault.usage(SIGNATURE, ("there is no key %q"):format(text), nearest.hint(name, NAMED))
end

--- The events that press and release a key.
---@param text string  "Enter", "Shift+Tab", "a"
---@return table[]     params of Input.dispatchKeyEvent
function keys.events(text)
  if type(text) ~= "string" or text == "" then
    fault.usage(SIGNATURE, ("the key must be a text, not %s"):format(type(text)),
      'write "Enter" or "Shift+Tab"')
  end
  local names, rest = {}, text
  while true do
    local name, after = rest:match("^(%a+)%+(.+)$")
    if not name or not MODIFIERS[name] then break end
    names[#names + 1], rest = name, after
  end
  local events, held = {}, 0
  for _, name in ipairs(names) do
    held = held + MODIFIERS[name]
    local key = find(text, name)
    events[#events + 1] = { type = "rawKeyDown", key = key.key, code = key.code, modifiers = held,
      windowsVirtualKeyCode = key.windowsVirtualKeyCode }
  end
  local key = find(text, rest)
  -- With Control, Alt or Meta held a key types nothing.
  local typed = held % 8 == 0 and key.text or nil
  if held == MODIFIERS.Shift and rest:match("^%l$") then
    typed = rest:upper()
    key.key = typed
  end
  events[#events + 1] = { type = typed and "keyDown" or "rawKeyDown", key = key.key,
    code = key.code, text = typed,
    modifiers = held, windowsVirtualKeyCode = key.windowsVirtualKeyCode }
  events[#events + 1] = { type = "keyUp", key = key.key, code = key.code, modifiers = held,
    windowsVirtualKeyCode = key.windowsVirtualKeyCode }
  for i = #names, 1, -1 do
    held = held - MODIFIERS[names[i]]
    local modifier = find(text, names[i])
    events[#events + 1] = { type = "keyUp", key = modifier.key, code = modifier.code,
      modifiers = held,
      windowsVirtualKeyCode = modifier.windowsVirtualKeyCode }
  end
  return events
end

return keys
