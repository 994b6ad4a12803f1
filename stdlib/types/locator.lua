---@meta _

--- What pages and locators share; a page takes the selector first.
---@class nano.Locator
local locator = {}

---@param options? nano.ClickOptions
function locator:click(options) end

---@param options? nano.Timeout
function locator:hover(options) end

---@param text string|number|nano.Secret
---@param options? nano.Timeout
function locator:fill(text, options) end

---@param key string  "Enter", "Shift+Tab", "a"
---@param options? nano.Timeout
function locator:press(key, options) end

---@param options? nano.WaitOptions
function locator:wait_for(options) end

--- What a visitor reads.
---@param options? nano.Timeout
---@return string
function locator:text(options) end

---@param options? nano.Timeout
---@return string
function locator:html(options) end

--- What a field holds.
---@param options? nano.Timeout
---@return string?
function locator:value(options) end

---@param name string
---@param options? nano.Timeout
---@return string?
function locator:attribute(name, options) end

--- Of all matches, now.
---@return string[]
function locator:texts() end

--- Of all matches, now.
---@param name string
---@return string[]
function locator:attributes(name) end

---@return integer
function locator:count() end

---@return boolean
function locator:is_visible() end

---@return boolean
function locator:is_enabled() end

--- What matches inside.
---@param selector string
---@return nano.Locator
function locator:locator(selector) end

---@param n integer  from 0; -1 is the last
---@return nano.Locator
function locator:nth(n) end

---@return nano.Locator
function locator:first() end

---@return nano.Locator
function locator:last() end

---@param options? nano.Timeout
function locator:dblclick(options) end

--- With a finger, on a device that has a touch screen.
---@param options? nano.Timeout
function locator:tap(options) end

--- Key by key, behind what the field holds.
---@param text string|number|nano.Secret
---@param options? nano.TypeOptions
function locator:type(text, options) end

--- Chooses in a <select>.
---@param choice nano.Choice|nano.Choice[]
---@param options? nano.Timeout
---@return string[] values
function locator:select(choice, options) end

---@param options? nano.Timeout
function locator:check(options) end

---@param options? nano.Timeout
function locator:uncheck(options) end

---@return boolean
function locator:is_checked() end

--- Gives a file field files that lie beside the script.
---@param files string|string[]
---@param options? nano.Timeout
function locator:upload(files, options) end

---@param onto string
---@param options? nano.Timeout
function locator:drag(onto, options) end

--- To an element; or page:scroll { to = "bottom" }, { y = 500 }, { y = 100, ["in"] = "#drawer" }.
---@param options? nano.ScrollOptions
---@return { x: number, y: number } position
function locator:scroll(options) end

--- What an <iframe> holds, to act in as in a page.
---@return nano.Frame
function locator:frame() end

--- Of those that match: the ones with a text in them, or without, or that can be seen.
---@param options nano.FilterOptions
---@return nano.Locator
function locator:filter(options) end
