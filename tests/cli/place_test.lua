-- Commands from a folder that has been removed.

local lib = assert(sys.load_trusted(sys.files.read "tests/e2e/lib.lua", "tests/e2e/lib.lua"))()

it("a folder that is gone is said to be gone", function()
  local folder = lib.folder()
  for _, command in ipairs { "list", "run x.lua", "init" } do
    local shell = assert(sys.process.spawn { argv = { "/bin/sh", "-c",
      'mkdir "$0/gone" && cd "$0/gone" && rmdir "$0/gone" && exec "$1" ' .. command .. " 2>&1",
      folder.path, lib.program }, stdout = "pipe" })
    local text = {}
    repeat text[#text + 1] = assert(shell:read("stdout")) until text[#text] == ""
    expect(table.concat(text)):contains("no longer exists")
    expect(assert(shell:wait()).code):is(2)
  end
  folder:remove()
end)
