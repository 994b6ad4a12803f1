--- The record of a run (--record) on its way to its file: what crossed into and out of the run, one
--- line a call, without secrets. What is taken out leaves its place and about its length
--- ("[secret 32]"), so that the record still shows the shape of everything; a run that needs the
--- secret itself cannot be done again from it. Used by worker/main.lua.

local json = require "json"
local redact = require "redact"
local url = require "url"

local record = {}

local EVERY_MS = 100     -- what a crash of the worker can lose
local SHORTEST = 4       -- shorter texts would be found in everything
local BINARY = "$hex"    -- bytes that are no text, see engine/script/record.c

---@class Record
local Record = {}
Record.__index = Record

-- The forms in which a text can stand in another: as it is, in JSON, in a URL or a form.
local function forms_of(text, into)
  if type(text) ~= "string" or #text < SHORTEST then return end
  for _, form in ipairs { text, json.encode(text):sub(2, -2), url.encode(text),
    (url.encode(text):gsub("%%20", "+")) } do
    into[form] = #text
  end
end

-- What a job says is secret: by the names of its fields.
local function from_job(value, into)
  for name, content in pairs(value) do
    if type(content) == "table" then
      from_job(content, into)
    elseif redact.is_sensitive(name) then
      forms_of(content, into)
    end
  end
end

--- Begins the file.
---@param path string
---@param handle userdata  of sys.script.start{record = true}
---@param argument string  the run's: JSON
---@return Record?
---@return string? why
---@return string? code
function record.start(path, handle, argument)
  local ok, why, code = sys.files.write(path, "", { mode = 384 }) -- 0600
  if not ok then return nil, why, code end
  local job = json.decode(argument or "")
  job = type(job) == "table" and job or {}
  local self = setmetatable({ path = path, handle = handle, known = {}, seen = 0,
    options = { sized = true, pii = job.redact_pii == true } }, Record)
  from_job(job, self.known)
  self.task = sys.task.spawn(function()
    while not self.over do
      self:drain()
      sys.clock.sleep(EVERY_MS)
    end
  end)
  return self
end

-- Secrets that the script has declared meanwhile.
function Record:learn()
  local list = self.handle:secrets()
  if #list == self.seen and self.ordered then return end
  for i = self.seen + 1, #list do forms_of(list[i], self.known) end
  self.seen, self.ordered = #list, {}
  for form in pairs(self.known) do self.ordered[#self.ordered + 1] = form end
  table.sort(self.ordered, function(a, b) return #a > #b or #a == #b and a < b end)
end

function Record:text(text)
  for _, form in ipairs(self.ordered) do
    local first, last = text:find(form, 1, true)
    while first do
      local mark = redact.sized(self.known[form])
      text = text:sub(1, first - 1) .. mark .. text:sub(last + 1)
      first, last = text:find(form, first + #mark, true)
    end
  end
  return redact.text(text, self.options)
end

-- Bytes are kept unless a secret is in them.
function Record:bytes(hex)
  local text = sys.codec.unhex(hex)
  if not text then return hex end
  local clean = self:text(text)
  return clean == text and hex or sys.codec.hex(clean)
end

-- Where the JSON text that begins at `first` ends.
local function literal_end(line, first)
  local at = first + 1
  while true do
    local found = line:find('["\\]', at)
    if not found or line:byte(found) == 34 then return found end
    at = found + 2
  end
end

--- A line of the record without secrets. Only the texts in it are looked at, so that everything
--- else stays byte for byte. A text is a secret by what it is, and by the name before it, be that a
--- key or, where headers are lists, the text before.
---@param line string
---@return string
function Record:line(line)
  local out, from, name = {}, 1, nil
  local first = line:find('"', 1, true)
  while first do
    local last = literal_end(line, first)
    if not last then break end
    local text = line:sub(first + 1, last - 1)
    if text:find("\\", 1, true) then text = json.decode('"' .. text .. '"') end
    local is_key, clean = line:byte(last + 1) == 58, nil
    if name == BINARY then
      clean = self:bytes(text)
    elseif not is_key and text ~= "" and redact.is_sensitive(name) then
      clean = redact.sized(#text)
    else
      clean = self:text(text)
    end
    if clean ~= text then
      out[#out + 1], out[#out + 2] = line:sub(from, first - 1), json.encode(clean)
      from = last + 1
    end
    local next_byte = line:byte(last + 1)
    name = (is_key or next_byte == 44 and name == nil) and text or nil
    first = line:find('"', last + 1, true)
    -- A name is the next text's only when nothing but a colon or a comma is between them.
    if name and first ~= last + 2 then name = nil end
  end
  out[#out + 1] = line:sub(from)
  return table.concat(out)
end

--- Writes what has come since.
function Record:drain()
  local raw = self.handle:record()
  if raw == "" then return end
  self:learn()
  local lines = {}
  for line in raw:gmatch "[^\n]+" do
    lines[#lines + 1] = self:line(line) .. "\n"
  end
  sys.files.write(self.path, table.concat(lines), { append = true })
end

--- The run has ended.
function Record:finish()
  self.over = true
  self:drain()
end

return record
