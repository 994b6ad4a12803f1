--- The libraries under nano-sre and their versions, as Debian's package manager knows them. For
--- doctor and version -v.

local libraries = {}

-- package, what breaks without it
local PACKAGES = {
  { "libluajit-5.1-2", "everything" },
  { "libev4", "everything" },
  { "libcurl4", "HTTP requests" },
  { "libwebsockets17", "the demo shop and attaching to a browser by ws://" },
  { "libwebsockets-evlib-ev", "the demo shop and attaching to a browser by ws://" },
  { "libsqlite3-0", "keeping results" },
  { "libssl3", "hashes and TLS" },
  { "zlib1g", "compression" },
  { "libspng0", "images" },
}

--- The packages with their versions.
---@return {name: string, version: string|nil, without: string}[]|nil  nil where there is no dpkg
function libraries.packages()
  local argv = { "dpkg-query", "--show",
    "--showformat=${Package} ${db:Status-Status} ${Version}\n" }
  for _, package in ipairs(PACKAGES) do argv[#argv + 1] = package[1] end
  -- It fails when one of them is unknown, but shows the others.
  local text = require("cli.process").output(argv)
  if not text then return nil end
  local versions = {}
  for name, status, version in text:gmatch("(%S+) (%S+) (%S*)\n") do
    if status == "installed" then versions[name] = version end
  end
  local list = {}
  for i, package in ipairs(PACKAGES) do
    list[i] = { name = package[1], version = versions[package[1]], without = package[2] }
  end
  return list
end

--- Lines for `version -v`.
---@return string
function libraries.text()
  local rows = { { "lua-argparse", require("argparse").version } }
  for _, package in ipairs(libraries.packages() or {}) do
    rows[#rows + 1] = { package.name, package.version or "not installed" }
  end
  return require("cli.out").columns(rows, "  ")
end

return libraries
