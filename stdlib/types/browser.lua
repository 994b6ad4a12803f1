---@meta _

--- What the functions of a page take and give.

---@class nano.Speed
---@field down? number     bytes a second
---@field up? number
---@field latency? number  milliseconds

---@class nano.Circumstances
---@field locale? string     "de-DE"
---@field timezone? string   "Europe/Berlin"
---@field geolocation? { latitude: number, longitude: number, accuracy?: number }|false
---@field offline? boolean
---@field network? "Fast 4G"|"Slow 4G"|"Fast 3G"|"Slow 3G"|nano.Speed|false
---@field cpu? number|"Mid-tier phone"|"Low-tier phone"|false  how many times slower
---@field headers? table<string, string|nano.Secret>|false     to every host
---@field reduced_motion? boolean
---@field color_scheme? "light"|"dark"

---@class nano.PageOptions: nano.Circumstances
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

---@class nano.WhichFrame
---@field url? string|fun(url: string): boolean  pattern of its address
---@field name? string                           its name

---@class nano.Timeout
---@field timeout? number|string  milliseconds or a duration: "5s"

---@class nano.ClickOptions: nano.Timeout
---@field button? "left"|"right"|"middle"
---@field count? integer  2: a double click

---@class nano.WaitOptions: nano.Timeout
---@field state? "visible"|"hidden"|"attached"|"detached"  default "visible"

---@class nano.TypeOptions: nano.Timeout
---@field delay? number|string  between keys

---@class nano.ScrollOptions: nano.Timeout
---@field to? "top"|"bottom"
---@field x? number  CSS pixels further
---@field y? number
---@field in? string selector of what scrolls, if not the page

---@class nano.FilterOptions
---@field has_text? string
---@field has_not_text? string
---@field visible? boolean

---@alias nano.Choice string|number|{ value?: string, label?: string, index?: integer }

---@class nano.Dialog
---@field type "alert"|"confirm"|"prompt"|"beforeunload"
---@field message string
---@field default? string
---@field url string

---@class nano.Download
---@field name string
---@field url string
---@field size integer  bytes

---@class nano.UrlOptions: nano.Timeout
---@field wait_until? "commit"|"domcontentloaded"|"load"|"networkidle"  default "load"

---@class nano.GotoOptions: nano.UrlOptions
---@field allow_status? boolean|integer|integer[]  statuses from 400 up that are no failure
---@field any_type? boolean                        pictures and other files are no failure

---@class nano.ScreenshotOptions: nano.Timeout
---@field name? string  keeps it among the run's artifacts
---@field path? string  the same
---@field full_page? boolean
---@field selector? string         one element
---@field mask? string|string[]    selectors of what is covered
---@field blur? string|string[]
---@field steady? boolean          false: at once, as it is

---@class nano.Moved
---@field selector string
---@field element string
---@field value number  its part of CLS
---@field from_y number
---@field to_y number

---@class nano.VitalsOptions: nano.Timeout
---@field step? boolean  INP, TBT and CLS since the last call with it, or since the document began

---@class nano.Vitals
---@field url string
---@field ttfb_ms? number
---@field fcp_ms? number
---@field lcp_ms? number
---@field lcp_element? string  '<img id="hero">'
---@field lcp_url? string      of the picture
---@field cls number
---@field cls_sources nano.Moved[]   what moved, the worst first
---@field inp_ms? number             the slowest answer to a click, tap or key; nil: there was none
---@field inp_event? string
---@field inp_element? string        a CSS selector
---@field tbt_ms number              how long the page could not answer, beyond 50 ms a task
---@field long_tasks integer
---@field longest_task_ms? number
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
---@field from "page"|"iframe"|"worker"
---@field frame? string      of an iframe: its URL
---@field worker? string     of a worker: its URL
---@field post_data? string  what it sent, if it was asked for

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

---@class nano.RequestTiming
---@field dns_ms? number      nil: it did not happen, a connection was there
---@field connect_ms? number
---@field tls_ms? number
---@field send_ms? number
---@field wait_ms? number     until the first byte of the answer
---@field receive_ms? number
---@field total_ms? number

---@class nano.Initiator
---@field type? string  "parser", "script", "preload", "other"
---@field url? string   of the script or document
---@field line? integer
---@field name? string  of the function

---@class nano.Request
---@field url string
---@field method string
---@field type string
---@field headers table<string, string>
---@field post_data? string
---@field from "page"|"iframe"|"worker"
---@field failure? string
---@field duration_ms? number
---@field redirected_from? nano.Request
---@field timing nano.RequestTiming
---@field initiator nano.Initiator
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

--- The bytes, 5 MB at most.
---@return string
function response:body() end

---@class nano.RouteAnswer
---@field abort? boolean
---@field status? integer       with it, or a body, the request is answered here
---@field body? string|table    a table is sent as JSON
---@field headers? table<string, string|false>  of the answer; else of the request, false takes away
---@field url? string           where the request goes instead
---@field method? string
---@field post_data? string

---@class nano.RoutedRequest
---@field url string
---@field method string
---@field headers table<string, string>
---@field post_data? string
---@field type string  "document", "script", "image", "xhr" (fetch as well), …

---@class nano.Cookie
---@field name string
---@field value string
---@field url? string      when setting: whose it is, if not the store's
---@field domain? string
---@field path? string
---@field secure? boolean
---@field http_only? boolean
---@field same_site? "Strict"|"Lax"|"None"
---@field expires? number  seconds since 1970; nil: with the browser
