--- What has become of each element of a page: two snapshots (page:snapshot) side by side. Pure;
--- used by visual/judge.lua.

local match = {}

local MOVED = 8     -- CSS pixels that nobody sees
local RESIZED = 0.1 -- … and the share of a side
local CONTAINERS = { main = true, region = true, form = true, complementary = true,
  contentinfo = true, banner = true, navigation = true }

---@class visual.Change
---@field kind "vanished"|"appeared"|"moved"|"resized"|"renamed"|"broken"|"disabled"|"enabled"|
---  "covered"|"out-of-view"
---@field element nano.Seen  as it is now, or was
---@field before nano.Seen?
---@field after nano.Seen?
---@field dx integer?
---@field dy integer?
---@field id string          the same for the same change in another look at the page

-- "Reviews (112)" and "Reviews (113)", "Add – $49.95" and "Add – $39.95" say the same.
local function said(e) return (e.name:gsub("%d[%d.,]*", "#")) end

local function distance(a, b) return math.abs(a.x - b.x) + math.abs(a.y - b.y) end

-- Pairs within a group that has the same signature: in order when it is as large as it was, else
-- the nearest first.
local function pair_group(left, right, pairs_found)
  if #left == #right then
    for i = 1, #left do pairs_found(left[i], right[i]) end
    return
  end
  local all = {}
  for _, a in ipairs(left) do
    for _, b in ipairs(right) do
      all[#all + 1] = { a = a, b = b, far = distance(a, b), order = #all }
    end
  end
  table.sort(all, function(one, other)
    if one.far ~= other.far then return one.far < other.far end
    return one.order < other.order
  end)
  local taken = {}
  for _, one in ipairs(all) do
    if not taken[one.a] and not taken[one.b] then
      taken[one.a], taken[one.b] = true, true
      pairs_found(one.a, one.b)
    end
  end
end

-- From the surest sign of being the same element to the weakest. nil: says nothing.
local SIGNS = {
  function(e) return e.kind end,
  function(e) return ("%s\n%s\n%s"):format(e.role, said(e), e.key) end,
  function(e) return e.name ~= "" and e.role .. "\n" .. said(e) or nil end,
  function(e) return e.key ~= "" and e.role .. "\n" .. e.key or nil end,
  function(e) return e.role .. "\n" .. e.selector end,
}
local LAST_SIGN = #SIGNS

local function grouped(elements, sign, done)
  local groups = {}
  for _, e in ipairs(elements) do
    local key = not done[e] and sign(e)
    if key then
      groups[key] = groups[key] or {}
      table.insert(groups[key], e)
    end
  end
  return groups
end

--- Finds for each element of before the one that it is in after.
---@param before nano.Seen[]
---@param after nano.Seen[]
---@return table<nano.Seen, nano.Seen> same   of before → of after
---@return table<nano.Seen, true> known       those of after that have one
function match.pair(before, after)
  local same, known, done = {}, {}, {}
  for i, sign in ipairs(SIGNS) do
    local left, right = grouped(before, sign, done), grouped(after, sign, done)
    for _, e in ipairs(before) do -- in the order of the page, so that the outcome is always one
      local key = not done[e] and sign(e)
      local a, b = left[key or {}], right[key or {}]
      -- A class alone says who somebody is only where there is one of it.
      if a and b and (i < LAST_SIGN or #a == 1 and #b == 1) then
        left[key] = nil
        pair_group(a, b, function(one, other)
          same[one], known[other], done[one], done[other] = other, true, true, true
        end)
      end
    end
  end
  return same, known
end

local function bounds(e) return e.y, e.y + e.height end

-- Was wholly on the first screen, and now not a bit of it is.
local function left_first_view(a, b, screen_before, screen_after)
  local top, bottom = bounds(a)
  local now = bounds(b)
  return top >= 0 and bottom <= screen_before and now >= screen_after and not b.fixed
end

local function resized(a, b)
  local function by(side)
    local delta = math.abs(a[side] - b[side])
    return delta > MOVED and delta > RESIZED * math.max(a[side], b[side])
  end
  return (a.kind or a.role == "img") and (by "width" or by "height")
end

local function compare_pair(a, b, screens, add)
  if a.kind and left_first_view(a, b, screens.before, screens.after) then
    add("out-of-view", a, b)
  elseif math.abs(a.x - b.x) > MOVED or math.abs(a.y - b.y) > MOVED then
    if not CONTAINERS[a.role] then add("moved", a, b) end
  end
  if said(a) ~= said(b) and a.name ~= "" and b.name ~= "" then add("renamed", a, b) end
  if b.broken and not a.broken then add("broken", a, b) end
  if b.disabled and not a.disabled then add("disabled", a, b) end
  if a.disabled and not b.disabled then add("enabled", a, b) end
  if b.covered and not a.covered then add("covered", a, b) end
  if resized(a, b) then add("resized", a, b) end
end

--- The changes from one snapshot to another, in the order of the page.
---@param before nano.Snapshot
---@param after nano.Snapshot
---@return visual.Change[]
function match.changes(before, after)
  local same, known = match.pair(before.elements, after.elements)
  local screens = { before = before.height, after = after.height }
  local out = {}
  local function add(kind, a, b)
    local e = a or b
    out[#out + 1] = { kind = kind, element = b or a, before = a, after = b,
      dx = a and b and b.x - a.x or nil, dy = a and b and b.y - a.y or nil,
      id = table.concat({ kind, e.role, said(e), e.key, a and a.y or "" }, "\n") }
  end
  for _, a in ipairs(before.elements) do
    if same[a] then compare_pair(a, same[a], screens, add) else add("vanished", a, nil) end
  end
  for _, b in ipairs(after.elements) do
    if not known[b] then add("appeared", nil, b) end
  end
  return out
end

--- Those changes that another look at the page shows as well.
---@param changes visual.Change[]
---@param others visual.Change[]
---@return visual.Change[]
function match.confirmed(changes, others)
  local count, out = {}, {}
  for _, change in ipairs(others) do count[change.id] = (count[change.id] or 0) + 1 end
  for _, change in ipairs(changes) do
    if (count[change.id] or 0) > 0 then
      count[change.id] = count[change.id] - 1
      out[#out + 1] = change
    end
  end
  return out
end

return match
