-- api: 1
-- GitHub issues: one for each incident; later messages are comments, a recovery closes it. Marks
-- in the texts find the issue again and keep a repeated message from being written twice. Limits:
-- title 256, text 65536.
local format = require "alert.format"

local function issue_mark(item)
  return ("<!-- nano-sre:%s -->"):format(item.dedup_key:gsub("[^%w/._-]", "_"))
end
local function message_mark(message)
  return ("<!-- nano-sre-message:%s -->"):format(message.id:gsub("[^%w._-]", "_"))
end

local function text_of(message, item)
  local lines = { format.code(format.cut(item.text, 20000)), "" }
  for _, fact in ipairs(format.facts(item)) do
    lines[#lines + 1] = ("- %s: %s"):format(fact.name, format.markdown(fact.value))
  end
  lines[#lines + 1] = "\n" .. issue_mark(item) .. message_mark(message)
  return table.concat(lines, "\n")
end

-- The newest entry whose body has a mark.
local function find(list, mark)
  for i = type(list) == "table" and #list or 0, 1, -1 do
    if type(list[i].body) == "string" and list[i].body:find(mark, 1, true) then return list[i] end
  end
end

return alerter "github" {
  about = "opens an issue for each incident, comments on it and closes it",
  needs = { "http", "http:api.github.com" },
  dedup = true,
  options = {
    repo = option.string { required = true, pattern = "^[%w_.-]+/[%w_.-]+$", about = "owner/name" },
    token = option.secret { required = true,
      about = "may read and write issues of the repository" },
    labels = option.list { default = { "nano-sre" },
      about = "of the issues; the first one finds them again" },
    assignees = option.list { default = {}, about = "user names" },
    url = option.url { default = "https://api.github.com",
      about = "GitHub Enterprise: https://HOST/api/v3" },
  },
  send = function(a, message, o)
    local base = o.url .. "/repos/" .. o.repo .. "/issues"
    local headers = { Authorization = "Bearer " .. o.token, Accept = "application/vnd.github+json",
      ["X-GitHub-Api-Version"] = "2022-11-28" }
    local last
    for _, item in ipairs(message.items) do
      local open = a.get(base, { headers = headers, query = { state = "open", labels = o.labels[1],
        per_page = "100" } })
      local issue, text = find(open:json(), issue_mark(item)), text_of(message, item)
      if not issue and item.status ~= "resolved" then
        issue = a.post(base, { headers = headers, json = { title = format.cut(item.title, 256),
          body = text,
          labels = o.labels, assignees = #o.assignees > 0 and o.assignees or nil } }):json()
      elseif issue and not issue.body:find(message_mark(message), 1, true) then
        local path = base .. "/" .. issue.number
        local said = a.get(path .. "/comments", { headers = headers,
          query = { since = message.created_at, per_page = "100" } })
        if not find(said:json(), message_mark(message)) then
          a.post(path .. "/comments", { headers = headers, json = { body = text } })
        end
      end
      if issue and (item.status == "resolved" or message.test) then
        a.patch(base .. "/" .. issue.number, { headers = headers,
          json = { state = "closed", state_reason = "completed" } })
      end
      last = issue and tostring(issue.number) or last
    end
    return { id = last }
  end,
}
