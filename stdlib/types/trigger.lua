---@meta _

--- What `trigger "name" { … }` takes.
---@class nano.TriggerFields
---@field run fun(t: nano.TriggerContext, o: table<string, any>)  decides which checks run
---@field about? string
---@field every? string      how often it decides: "5m"; neither every nor cron: when it is set off
---  by a webhook, a file or by hand
---@field cron? string       in the place of every: "0 8 * * mon-fri"
---@field hours? string      only then: "mon-fri 08:00-18:00"
---@field timeout? string    its time limit, by default "30s", at most "5m"
---@field needs? ("http"|string)[]  "http": the shops' own hosts; "http:api.example.com" for another
---@field options? table<string, nano.Option>

--- Declares a trigger: `return trigger "launches" { … }` ends the file.
---@param name string  letters, digits, _ - .
---@return fun(fields: nano.TriggerFields): table
function trigger(name) end

--- A check that is watched.
---@class nano.TriggerCheck
---@field name string       "north/checkout"
---@field store string
---@field store_url string
---@field skill string
---@field status? "PASS"|"WARN"|"FAIL"|"ERROR"|"SKIP"  of its last run
---@field last_at? string   ISO 8601

--- What set the trigger off.
---@class nano.TriggerEvent
---@field kind "schedule"|"webhook"|"file"|"manual"
---@field id? string        of the delivery
---@field name? string      GitHub's name of the event; a file's name
---@field body? table       what a webhook sent as JSON
---@field text? string      what a webhook sent, when it is no JSON
---@field about? nano.Deployment
---@field path? string      of the file

--- What a deployment_status of GitHub says.
---@class nano.Deployment
---@field state? string        "success", "failure", …
---@field environment? string
---@field sha? string
---@field ref? string
---@field repository? string   "owner/name"

---@class nano.TriggerRun
---@field after? string     "30s": not before

--- t, the first argument of a trigger's run function. What it asks for counts when the function has
--- come to its end without an error.
---@class nano.TriggerContext
---@field name string                 the name under which the trigger is configured
---@field checks nano.TriggerCheck[]
---@field stores { name: string, url: string }[]
---@field event nano.TriggerEvent
---@field learned any                 what t.learn kept the last time; nil at first
---@field options table<string, any>  the same as the second argument of the run function
---@field http nano.http              a request that fails ends the function
---@field run fun(name: string, options: table?, more: nano.TriggerRun?): string[]  runs a check, a
---  skill at every shop that has it, or all checks of a shop; returns the checks. Options go over
---  those that are configured
---@field learn fun(value: any)       kept for the next time; JSON-encodable
---@field log fun(message: any)       a line for the daemon's log
