--- Pieces of Markdown, safe against what stands in them. Used by report/md.lua and its parts. Pure.

local markdown = {}

--- Text from a shop must stay text: no HTML, no table or link syntax, one line.
---@param text any
---@return string
function markdown.escape(text)
  text = tostring(text):gsub("[%z\1-\31\127]+", " ")
  return (text:gsub("[\\`*_{}%[%]<>|#~]", "\\%0"))
end

--- The same for advice, which is ours and may name a command in backticks: they stay if they come
--- in pairs.
---@param text string
---@return string
function markdown.escape_advice(text)
  local escaped = markdown.escape(text)
  local _, count = escaped:gsub("\\`", "")
  return count % 2 == 0 and (escaped:gsub("\\`", "`")) or escaped
end

--- A block in which nothing is markup, whatever it holds.
---@param text any
---@return string
function markdown.code_block(text)
  text = tostring(text):gsub("[%z\1-\8\11-\31\127]", "?")
  local fence = "```"
  while text:find(fence, 1, true) do fence = fence .. "`" end
  return fence .. "\n" .. text:gsub("\n+$", "") .. "\n" .. fence
end

--- A path as the target of a link.
---@param path string
---@return string
function markdown.link_target(path)
  return (path:gsub("[^%w%-._~/]", function(char) return string.format("%%%02X", char:byte()) end))
end

--- A table. The cells are Markdown already.
---@param head string[]
---@param rows string[][]
---@return string  with an empty line after it
function markdown.table(head, rows)
  local lines = {
    "| " .. table.concat(head, " | ") .. " |", "|" .. string.rep(" --- |", #head),
  }
  for _, row in ipairs(rows) do lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |" end
  return table.concat(lines, "\n") .. "\n"
end

--- Lines that are shown only when the reader opens them.
---@param title string    ours
---@param content string  Markdown
---@return string
function markdown.collapsed(title, content)
  return "<details><summary>" .. title .. "</summary>\n\n" .. content .. "\n\n</details>\n"
end

return markdown
