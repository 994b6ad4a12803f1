--- What can be done with and asked about the elements that a selector finds, as functions of (tab,
--- selector, …). Pages and locators offer the same ones; page.lua gives them their faces.

local actions = require "browser.actions"
local fault = require "fault"
local forms = require "browser.forms"
local gestures = require "browser.gestures"

local element = {
  click = actions.click,
  hover = actions.hover,
  fill = actions.fill,
  press = actions.press,
  type = gestures.type,
  tap = gestures.tap,
  dblclick = gestures.dblclick,
  drag = gestures.drag,
  scroll = gestures.scroll,
  select = forms.select,
  check = forms.check,
  uncheck = forms.uncheck,
  is_checked = forms.is_checked,
  upload = forms.upload,
  wait_for = actions.wait_for,
}

local function need_name(signature, name)
  if type(name) ~= "string" or name == "" then
    fault.usage(signature, ("the name must be a text, not %s"):format(type(name)))
  end
end

--- The text that a visitor sees, without surplus space.
function element.text(tab, selector, options)
  return actions.read(tab, "text", selector, "text", nil, options)
end

--- The markup inside.
function element.html(tab, selector, options)
  return actions.read(tab, "html", selector, "html", nil, options)
end

--- What a field holds; nil for an element that holds nothing.
function element.value(tab, selector, options)
  return actions.read(tab, "value", selector, "value", nil, options)
end

--- An attribute as it is written; nil if the element has none of this name.
function element.attribute(tab, selector, name, options)
  need_name("page:attribute(selector, name)", name)
  return actions.read(tab, "attribute", selector, "attribute", name, options)
end

--- The texts of all matches, now.
function element.texts(tab, selector)
  return actions.now(tab, "texts", selector, "all", { read = "text" })
end

--- An attribute of all matches, now; those without it are left out.
function element.attributes(tab, selector, name)
  need_name("page:attributes(selector, name)", name)
  return actions.now(tab, "attributes", selector, "all", { read = "attribute", argument = name })
end

--- How many match now, hidden ones included.
function element.count(tab, selector)
  return actions.now(tab, "count", selector, "count")
end

--- Whether any match is visible now.
function element.is_visible(tab, selector)
  return actions.now(tab, "is_visible", selector, "shown")
end

--- Whether the first visible match can be used now.
function element.is_enabled(tab, selector)
  return actions.now(tab, "is_enabled", selector, "enabled")
end

return element
