---@meta _

--- A page of the browser: what t.page{…} gives. Everything that acts or reads waits on its own;
--- docs/browser.md is the manual.

--- A document to act in: a page, or what an <iframe> holds.
---@class nano.Frame
local frame = {}

---@param selector string
---@param options? nano.ClickOptions
function frame:click(selector, options) end

---@param selector string
---@param options? nano.Timeout
function frame:hover(selector, options) end

---@param selector string
---@param text string|number|nano.Secret
---@param options? nano.Timeout
function frame:fill(selector, text, options) end

---@param selector string
---@param key string  "Enter", "Shift+Tab", "a"
---@param options? nano.Timeout
function frame:press(selector, key, options) end

---@param selector string
---@param options? nano.WaitOptions
function frame:wait_for(selector, options) end

--- What a visitor reads.
---@param selector string
---@param options? nano.Timeout
---@return string
function frame:text(selector, options) end

---@param selector string
---@param options? nano.Timeout
---@return string
function frame:html(selector, options) end

---@param selector string
---@param options? nano.Timeout
---@return string?
function frame:value(selector, options) end

---@param selector string
---@param name string
---@param options? nano.Timeout
---@return string?
function frame:attribute(selector, name, options) end

---@param selector string
---@return string[]
function frame:texts(selector) end

---@param selector string
---@param name string
---@return string[]
function frame:attributes(selector, name) end

---@param selector string
---@return integer
function frame:count(selector) end

---@param selector string
---@return boolean
function frame:is_visible(selector) end

---@param selector string
---@return boolean
function frame:is_enabled(selector) end

---@param selector string
---@return nano.Locator
function frame:locator(selector) end

--- Runs JavaScript in the page: an expression, or a function that gets the argument.
---@param js string
---@param argument? any
---@param options? nano.Timeout
---@return any
function frame:eval(js, argument, options) end

---@return string
function frame:url() end

---@return string
function frame:title() end

---@return string html
function frame:content() end

--- Until JavaScript in the document gives something true.
---@param js string
---@param argument? any
---@param options? nano.Timeout
---@return any
function frame:wait_for_function(js, argument, options) end

---@param selector string
---@param options? nano.Timeout
function frame:dblclick(selector, options) end

--- With a finger, on a device that has a touch screen.
---@param selector string
---@param options? nano.Timeout
function frame:tap(selector, options) end

--- Key by key, behind what the field holds.
---@param selector string
---@param text string|number|nano.Secret
---@param options? nano.TypeOptions
function frame:type(selector, text, options) end

--- Chooses in a <select>.
---@param selector string
---@param choice nano.Choice|nano.Choice[]
---@param options? nano.Timeout
---@return string[] values
function frame:select(selector, choice, options) end

---@param selector string
---@param options? nano.Timeout
function frame:check(selector, options) end

---@param selector string
---@param options? nano.Timeout
function frame:uncheck(selector, options) end

---@param selector string
---@return boolean
function frame:is_checked(selector) end

--- Gives a file field files that lie beside the script.
---@param selector string
---@param files string|string[]
---@param options? nano.Timeout
function frame:upload(selector, files, options) end

---@param selector string
---@param onto string
---@param options? nano.Timeout
function frame:drag(selector, onto, options) end

--- To an element; or page:scroll { to = "bottom" }, { y = 500 }, { y = 100, ["in"] = "#drawer" }.
---@param selector string|nano.ScrollOptions
---@param options? nano.ScrollOptions
---@return { x: number, y: number } position
function frame:scroll(selector, options) end

--- What an <iframe> holds, to act in as in a page; of any site.
---@param wanted string|nano.WhichFrame  selector of the <iframe>, or which frame
---@return nano.Frame
function frame:frame(wanted) end

--- The frames that there are now, those within frames included.
---@return nano.Frame[]
function frame:frames() end

---@class nano.Page: nano.Frame
local page = {}

--- Opens an address of the store. Raises a failure for a status of 400 and above.
---@param url string  relative to the store's
---@param options? nano.GotoOptions
---@return nano.Response?  nil for a step within the document
page["goto"] = function(self, url, options) end

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

--- Which of several selectors has something visible now: the first one, nil if none has.
---@param selectors string[]
---@return string?
function page:first_visible(selectors) end

---@param options? nano.ScreenshotOptions
---@return string png
---@return string? path
function page:screenshot(options) end

--- What the page shows to a person, element by element.
---@param options? nano.SnapshotOptions
---@return nano.Snapshot
function page:snapshot(options) end

--- Waits until the page has loaded and its largest element is known.
---@param options? nano.VitalsOptions
---@return nano.Vitals
function page:vitals(options) end

--- The documents that the page has shown, the oldest first.
---@return nano.Visit[]
function page:visited() end

--- The answer that brought the document.
---@return nano.Response?
function page:response() end

--- The last 400 requests of the page, its frames and its workers, the oldest first. url: only those
--- to such addresses, a glob or a function that is given each.
---@param options? { url?: string|(fun(url: string): boolean), post_data?: boolean }
---@return nano.RequestRecord[]
function page:requests(options) end

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

--- How dialogs are answered from now on; without this they are dismissed.
---@param answer "accept"|"dismiss"|fun(dialog: nano.Dialog): "accept"|"dismiss", string?
---@param options? { text?: string }  what a prompt is given
function page:on_dialog(answer, options) end

--- The page that this one opened, or opens next.
---@param options? nano.Timeout
---@return nano.Page
function page:wait_for_popup(options) end

--- The download that began, or begins next, when it is whole.
---@param pattern? string|fun(url: string): boolean
---@param options? nano.Timeout
---@return nano.Download
function page:wait_for_download(pattern, options) end

--- What happened since the last action began, or happens next: "console", "dialog", "pageerror",
--- "request", "response", "requestfinished", "requestfailed", "popup", "download", "load",
--- "domcontentloaded", "close".
---@param name string
---@param test? fun(what: any): boolean
---@param options? nano.Timeout
---@return any
function page:wait_for_event(name, test, options) end

--- As page:wait_for_response(…):body().
---@param pattern string|fun(response: nano.Response): boolean
---@param options? nano.Timeout
---@return string
function page:response_body(pattern, options) end

--- Runs in every document to come, also of frames, before its own scripts.
---@param js string      statements, or a function that is called with argument
---@param argument? any
function page:add_init_script(js, argument) end

--- Blocks, answers or alters requests from now on; the rule that was made last goes first.
---@param pattern string|fun(url: string): boolean
---@param answer nano.RouteAnswer|fun(request: nano.RoutedRequest): nano.RouteAnswer?
function page:route(pattern, answer) end

---@param pattern? string|function  as it was given to route; nil: all
function page:unroute(pattern) end

--- For a server of the store that asks for name and password (basic auth).
---@param name? string  nil: none any more
---@param password? string|nano.Secret
function page:set_login(name, password) end

--- The last 400 requests as an HTTP Archive, without cookies and authorizations.
---@param options? { name?: string }  keeps it among the run's artifacts
---@return table archive
---@return string? path
function page:har(options) end

--- Puts the page into circumstances; what is not named stays as it is.
---@param circumstances nano.Circumstances
function page:emulate(circumstances) end

--- All of the browser context, or those of one name.
---@param name? string
---@return nano.Cookie[]
function page:cookies(name) end

---@param cookie nano.Cookie
function page:set_cookie(cookie) end

function page:clear_cookies() end

---@param kind? "local"|"session"  default "local"
---@return table<string, string>
function page:storage(kind) end

---@param items table<string, string|number|boolean>  false takes one away
---@param kind? "local"|"session"
function page:set_storage(items, kind) end
