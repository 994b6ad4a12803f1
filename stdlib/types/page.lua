---@meta _

--- A page of the browser: what t.page{…} gives. Everything that acts or reads waits on its own;
--- docs/browser.md is the manual.

---@class nano.PageOptions
---@field device? string|nano.DeviceFields  "iPhone 17 Pro", "Pixel 9", "iPad", "Desktop", …
---@field fresh? boolean                    another shopper: cookies and cart of its own
---@field timeout? number|string            limit of one action or wait; default "10s"
---@field navigation_timeout? number|string limit of goto and load states; default "30s"

---@class nano.DeviceFields
---@field like? string      the device that gives the rest
---@field width? integer    CSS pixels
---@field height? integer
---@field scale? number     device pixels per CSS pixel
---@field mobile? boolean
---@field touch? boolean
---@field agent? string
---@field platform? string

---@class nano.Timeout
---@field timeout? number|string  milliseconds or a duration: "5s"

---@class nano.ClickOptions: nano.Timeout
---@field button? "left"|"right"|"middle"
---@field count? integer  2: a double click

---@class nano.WaitOptions: nano.Timeout
---@field state? "visible"|"hidden"|"attached"|"detached"  default "visible"

---@class nano.UrlOptions: nano.Timeout
---@field wait_until? "commit"|"domcontentloaded"|"load"|"networkidle"  default "load"

---@class nano.GotoOptions: nano.UrlOptions
---@field allow_status? boolean|integer|integer[]  statuses from 400 up that are no failure
---@field any_type? boolean                        pictures and other files are no failure

---@class nano.ScreenshotOptions: nano.Timeout
---@field name? string  keeps it among the run's artifacts
---@field path? string  the same

---@class nano.Vitals
---@field url string
---@field ttfb_ms? number
---@field fcp_ms? number
---@field lcp_ms? number
---@field lcp_element? string  '<img id="hero">'
---@field lcp_url? string      of the picture
---@field cls number
---@field dom_content_loaded_ms? number
---@field load_ms? number
---@field transfer_bytes? number

---@class nano.ConsoleLine
---@field type string   "log", "warn", "error", "dialog", …
---@field text string
---@field url? string
---@field line? integer
---@field at number     milliseconds since the epoch

---@class nano.PageError
---@field message string
---@field stack string
---@field url? string
---@field line? integer
---@field at number
---@field unhandled_rejection? boolean

---@class nano.RequestRecord
---@field url string
---@field method string
---@field type string  "document", "script", "fetch", "xhr", "image", …
---@field status? integer
---@field mime? string
---@field failure? string  "net::ERR_…"
---@field from_cache? boolean
---@field duration_ms? number
---@field bytes? number

---@class nano.Visit
---@field url string
---@field status? integer
---@field vitals? nano.Vitals

---@class nano.Evidence
---@field url string
---@field title? string
---@field selector? string
---@field dom? string
---@field console nano.ConsoleLine[]
---@field errors nano.PageError[]
---@field requests nano.RequestRecord[]
---@field vitals? nano.Vitals
---@field screenshot? string

---@class nano.Request
---@field url string
---@field method string
---@field type string
---@field headers table<string, string>
---@field post_data? string
---@field failure? string
---@field duration_ms? number
---@field redirected_from? nano.Request
---@field response? nano.Response

---@class nano.Response
---@field url string
---@field status integer
---@field status_text string
---@field ok boolean                     200 to 299
---@field headers table<string, string>  names in lower case
---@field mime string
---@field from_cache boolean
---@field ttfb_ms? number
---@field request nano.Request
local response = {}

---@return string
function response:text() end

---@return any
function response:json() end

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

---@class nano.Page
local page = {}

--- Opens an address of the store. Raises a failure for a status of 400 and above.
---@param url string  relative to the store's
---@param options? nano.GotoOptions
---@return nano.Response?  nil for a step within the document
page["goto"] = function(self, url, options) end

---@param selector string
---@param options? nano.ClickOptions
function page:click(selector, options) end

---@param selector string
---@param options? nano.Timeout
function page:hover(selector, options) end

---@param selector string
---@param text string|number|nano.Secret
---@param options? nano.Timeout
function page:fill(selector, text, options) end

---@param selector string
---@param key string  "Enter", "Shift+Tab", "a"
---@param options? nano.Timeout
function page:press(selector, key, options) end

---@param selector string
---@param options? nano.WaitOptions
function page:wait_for(selector, options) end

---@param pattern string|fun(url: string): boolean  "/cart", "**/checkouts/**"
---@param options? nano.UrlOptions
function page:wait_for_url(pattern, options) end

---@param state? "commit"|"domcontentloaded"|"load"|"networkidle"  default "load"
---@param options? nano.Timeout
function page:wait_for_load(state, options) end

--- The first request since the last action began, or the first to come.
---@param pattern string|fun(request: nano.Request): boolean
---@param options? nano.Timeout
---@return nano.Request
function page:wait_for_request(pattern, options) end

---@param pattern string|fun(response: nano.Response): boolean
---@param options? nano.Timeout
---@return nano.Response
function page:wait_for_response(pattern, options) end

--- What a visitor reads.
---@param selector string
---@param options? nano.Timeout
---@return string
function page:text(selector, options) end

---@param selector string
---@param options? nano.Timeout
---@return string
function page:html(selector, options) end

---@param selector string
---@param options? nano.Timeout
---@return string?
function page:value(selector, options) end

---@param selector string
---@param name string
---@param options? nano.Timeout
---@return string?
function page:attribute(selector, name, options) end

---@param selector string
---@return string[]
function page:texts(selector) end

---@param selector string
---@param name string
---@return string[]
function page:attributes(selector, name) end

---@param selector string
---@return integer
function page:count(selector) end

---@param selector string
---@return boolean
function page:is_visible(selector) end

---@param selector string
---@return boolean
function page:is_enabled(selector) end

---@param selector string
---@return nano.Locator
function page:locator(selector) end

--- Runs JavaScript in the page: an expression, or a function that gets the argument.
---@param js string
---@param argument? any
---@param options? nano.Timeout
---@return any
function page:eval(js, argument, options) end

---@return string
function page:url() end

---@return string
function page:title() end

---@return string html
function page:content() end

---@param options? nano.ScreenshotOptions
---@return string png
---@return string? path
function page:screenshot(options) end

--- Waits until the page has loaded and its largest element is known.
---@param options? nano.Timeout
---@return nano.Vitals
function page:vitals(options) end

--- The documents that the page has shown, the oldest first.
---@return nano.Visit[]
function page:visited() end

--- The answer that brought the document.
---@return nano.Response?
function page:response() end

---@return nano.RequestRecord[]
function page:requests() end

---@return nano.ConsoleLine[]
function page:console() end

--- Uncaught exceptions and unhandled rejections.
---@return nano.PageError[]
function page:errors() end

--- What explains a failure; never raises. Failed steps have it on their own.
---@param selector? string
---@return nano.Evidence
function page:evidence(selector) end

--- The name of the device.
---@return string
function page:device() end

---@return boolean
function page:is_closed() end

function page:close() end
