-- docs/cli.md is what people read; the schema is what happens.

local schema = require "config.schema"

local text = assert(sys.files.read "docs/cli.md")

describe("docs/cli.md", function()
  for _, setting in ipairs(schema) do
    it("lists " .. setting.key, function()
      expect(text):contains("`" .. setting.key .. "`")
      if setting.env then expect(text):contains("`" .. setting.env .. "`") end
      if setting.flag then expect(text):contains("`" .. setting.flag .. "`") end
    end)
  end

  it("lists every verb and reporter", function()
    for _, name in ipairs(require("cli.verbs").names()) do
      expect(text):matches("| `" .. name .. "[^|]*` |")
    end
    for _, name in ipairs { "list", "json", "jsonl", "junit", "tap", "md", "html", "github" } do
      expect(text):contains("| `" .. name .. "` |")
    end
  end)

  it("lists every exit code", function()
    for _, code in ipairs { "0", "1", "2", "3", "124" } do
      expect(text):contains("| " .. code .. " |")
    end
  end)
end)
