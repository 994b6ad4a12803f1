--- Where the files of t.keep are, and which are still spoken of. Main's side of run/kept.lua; used
--- by cli/session.lua, watch/daemon.lua and `nano-sre baseline`.

local json = require "json"
local record = require "service.db_record"

local kept = {}

local YOUNG_MS = 3600000 -- a run that goes on may have written it and not said so yet

local function slug(text) return (text:gsub("[^%w._-]", "-"):gsub("^[.-]+", "")) end

--- The folder for the kept files of a shop: beside the database.
---@param database string  its path
---@param store_url string
---@return string
function kept.folder(database, store_url)
  local url = record.store_url(store_url) or ""
  local host = url:gsub("^%a[%w+.-]*://", "")
  return ("%s/kept/%s-%s"):format(database:match("^(.*)/") or ".", slug(host):sub(1, 60),
    sys.codec.sha256(url):sub(1, 8))
end

--- The path of a kept file.
---@param folder string  of kept.folder
---@param skill string
---@param name string    as t.keep gave it
---@return string
function kept.path(folder, skill, name)
  return ("%s/%s/%s"):format(folder, (skill:gsub("[^%w_-]", "-")), name)
end

--- Removes the files of a skill that what it learned does not name.
---@param folder string
---@param skill string
---@param learned any
---@param now number?  ms; nil: young files, too
function kept.tidy(folder, skill, learned, now)
  local text = learned ~= nil and json.encode(learned) or ""
  for _, entry in ipairs(sys.files.list((kept.path(folder, skill, "")):gsub("/$", "")) or {}) do
    local young = now and now - (entry.mtime_ms or 0) < YOUNG_MS
    if entry.kind == "file" and not young and not text:find(entry.name, 1, true) then
      sys.files.remove(kept.path(folder, skill, entry.name))
    end
  end
end

return kept
