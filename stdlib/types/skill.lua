---@meta _

--- What `skill "name" { … }` takes.
---@class nano.SkillFields
---@field run fun(t: nano.Context, o: table<string, any>): string?  does the work; may return its
---  summary
---@field about? string                     one sentence: what does it do, and what must be true?
---@field every? string                     how often it runs when it is watched: "30m"
---@field timeout? string                   its time limit: "90s"; default "2m"
---@field needs? ("browser"|"http"|string)[]  what it may reach; "http:api.example.com" for one
---  more host
---@field options? table<string, nano.Option>
---@field alias? string|string[]            further names
---@field severity? "P0"|"P1"|"P2"|"P3"     of an incident that it opens; P0 is the most urgent
---@field tags? string[]
---@field parents? string|string[]  skills whose incident explains this one's (watch)

--- Made by option.<kind> { … }.
---@class nano.Option

--- What every kind of option takes.
---@class nano.OptionFields
---@field about? string
---@field default? any
---@field required? boolean

---@class nano.TextOptionFields: nano.OptionFields
---@field min? number      bytes
---@field max? number      bytes
---@field pattern? string  a Lua pattern that must be found in it

---@class nano.NumberOptionFields: nano.OptionFields
---@field min? number
---@field max? number

---@class nano.DurationOptionFields: nano.OptionFields
---@field min? string|number
---@field max? string|number

---@class nano.ListOptionFields: nano.OptionFields
---@field of? nano.Option  what its items are; default: texts
---@field min? integer     items
---@field max? integer     items

--- The kinds of options. A value may come from the command line, the project's file or the
--- environment.
---@class nano.OptionWords
local option_words = {}

---@param fields? nano.TextOptionFields
---@return nano.Option
function option_words.string(fields) end

---@param fields? nano.NumberOptionFields
---@return nano.Option
function option_words.number(fields) end

--- true, yes, on, 1; false, no, off, 0.
---@param fields? nano.OptionFields
---@return nano.Option
function option_words.boolean(fields) end

--- "90s", "5m"; the run function gets milliseconds.
---@param fields? nano.DurationOptionFields
---@return nano.Option
function option_words.duration(fields) end

--- One of the texts listed: option.enum { "phone", "desktop", default = "phone" }.
---@param fields nano.OptionFields|string[]
---@return nano.Option
function option_words.enum(fields) end

--- A text is split at commas.
---@param fields? nano.ListOptionFields
---@return nano.Option
function option_words.list(fields) end

---@param fields? nano.OptionFields
---@return nano.Option
function option_words.url(fields) end

--- The run function gets a handle that can be passed on but not read.
---@param fields? nano.TextOptionFields
---@return nano.Option
function option_words.secret(fields) end

--- A text that can be passed on (page:fill, an http header) and joined with other text, but not
--- read, printed or compared.
---@class nano.Secret
---@operator concat(string): nano.Secret

--- The store that is checked.
---@class nano.Store
---@field url string
---@field name string?
---@field password nano.Secret?  of a shop that is closed by a password page
---@field admin_api_key nano.Secret?  Admin API access token

---@class nano.MeasureFields
---@field unit? string       default from the name: "lcp_ms" is in ms
---@field page? string       what page it is about
---@field baseline? boolean  compare it with earlier runs

--- t, the first argument of a skill's run function. Every function here raises when it fails, so
--- that a skill is a straight line.
---@class nano.Context
---@field store nano.Store
---@field learned any                what t.learn kept in an earlier run at this shop; nil at first
---@field options table<string, any>  the same as the second argument of the run function
---@field http nano.http              as require "http", but a request that fails fails the step
local t = {}

--- Opens a page. Needs "browser".
---@param options? nano.PageOptions
---@return nano.Page
function t.page(options) end

--- Keeps a picture of what the page shows.
---@param page nano.Page
---@param name string
---@return string? path
function t.screenshot(page, name) end

--- Runs fn as a step of this name and returns what it returns. Steps may be nested.
---@generic T
---@param name string
---@param fn fun(): T
---@return T
function t.step(name, fn) end

--- Begins a check of value.
---@param value any
---@param label? string  what the value is, for the message
---@return nano.Expectation
function t.expect(value, label) end

--- Keeps a figure. nil is noted as not measured.
---@param name string
---@param value number?
---@param more? nano.MeasureFields
function t.measure(name, value, more) end

--- The step, and the run, end as WARN unless something fails.
---@param message any
function t.warn(message) end

--- The run ends as FAIL: the shop is at fault.
---@param message any
function t.fail(message) end

--- The run ends as SKIP: there was nothing to check.
---@param message any
function t.skip(message) end

--- A line for the report, kept with the step.
---@param message any
function t.note(message) end

--- A line for the log.
---@param message any
function t.log(message) end

--- The result's sentence when the run passes.
---@param message any
function t.summary(message) end

--- Keeps a value for the next run of this skill at this shop, which has it as t.learned. It is kept
--- where results are kept, until --update-baseline begins anew.
---@param value any  JSON-encodable
function t.learn(value) end

--- Keeps a file for later runs of this skill at this shop. It stays as long as what t.learn keeps
--- speaks of the name that is returned.
---@param name string   "home.png": letters, digits, dots, _ and -
---@param bytes string
---@return string? name    to be told to t.learn; nil when results of this run are not kept
---@return string? path    or why not
function t.keep(name, bytes) end

--- A file of t.keep.
---@param name string     as t.keep returned it
---@return string? bytes  nil when it is not there
---@return string path    or why not
---@return string? code   "nowhere": nothing is kept in this run
function t.kept(name) end

--- Keeps a value in the result's details. Reports know some names: a list of PixelEvent under
--- "pixels" gets a table, a list of VisualChange under "visual" is shown before and after.
---@param name string
---@param value any
function t.detail(name, value) end

--- Waits. A wait for something that happens (page:wait_for) is better.
---@param duration string|number  "1s", or milliseconds
function t.sleep(duration) end
