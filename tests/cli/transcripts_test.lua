-- Plays every tests/cli/*.transcript; lib.lua says how they are written.

local lib = assert(sys.load_trusted(sys.files.read "tests/cli/lib.lua", "tests/cli/lib.lua"))()

for _, item in ipairs(sys.files.list "tests/cli") do
  if item.name:find "%.transcript$" then
    describe(item.name, function()
      for _, scene in ipairs(lib.parse(sys.files.read("tests/cli/" .. item.name))) do
        it(scene.title, function() lib.play(scene) end)
      end
    end)
  end
end
