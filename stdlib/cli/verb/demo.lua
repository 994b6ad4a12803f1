--- nano-sre demo: a small shop on this machine; with --check, a complete check of it; with --tour,
--- that and a fault found.

local verb = {}

verb.examples = {
  { "nano-sre demo --check", "a phone shopper shops, and a report is written" },
  { "nano-sre demo --check --fault cart_500", "the same with a fault" },
  { "nano-sre demo --tour", "the check of the healthy shop, then a fault, found and explained" },
  { "nano-sre demo --port 8080", "only the shop, until Ctrl-C" },
  { "nano-sre demo --list-faults", "the faults that can be switched on" },
}

function verb.define(parser, flags)
  parser:option("--port",
    "where the shop listens on 127.0.0.1; 0: any free port"):argname("PORT"):default("0")
  parser:option("--fault", "switch a fault on; may be repeated"):argname("NAME"):count("*")
  parser:flag("--no-pixels", "a shop without marketing pixels")
  parser:flag("--drawer", "the cart opens as a drawer, not as a notification")
  parser:flag("--cookie-banner", "visitors see a cookie banner")
  parser:flag("--popup", "a newsletter's pop-up covers the pages until it is closed")
  parser:flag("--list-faults", "list the faults and end")
  parser:flag("--check", "run the bundled checks against the shop, then end with their exit code")
  parser:flag("--tour",
    "check the healthy shop, then break it (add to cart, or --fault) and let checkout find it")
  flags.browser(parser)
  flags.reporting(parser)
end

local function refuse(message, hint)
  error(require("fault").new("usage", { message = message, hint = hint, code = "demo" }), 0)
end

local function port_of(text)
  local port = tonumber(text)
  if not port or port % 1 ~= 0 or port < 0 or port > 65535 then
    refuse(("--port must be a number from 0 to 65535, not %q"):format(text))
  end
  return port
end

local function check_faults(store, wanted)
  local known = {}
  for _, fault in ipairs(store.faults()) do
    known[#known + 1] = fault.name
    known[fault.name] = true
  end
  for _, name in ipairs(wanted) do
    if not known[name] then
      local nearest = require("run.nearest").find(name, known)
      refuse(("the demo shop has no fault %q"):format(name), nearest
        and ("did you mean %s?"):format(nearest) or "`nano-sre demo --list-faults` lists them")
    end
  end
end

local function list_faults(store)
  local out = require "cli.out"
  local rows = {}
  for i, fault in ipairs(store.faults()) do rows[i] = { fault.name, fault.about } end
  out.write(1, out.columns(rows))
  return 0
end

-- As if there was no project: the demo shows nano-sre as it comes, and leaves no result behind.
local function check(server, args, refs)
  local settings = require("cli.flags").settings(args)
  settings["store.url"], settings["store.name"] = server:url(), "the demo shop"
  settings["store.admin_api_key"] = "shpat_demo"
  local session = require("cli.session").open(settings,
    { project = false, getenv = function() end })
  return session:run {
    command = "nano-sre demo --check", refs = refs or {}, output = args.output, report = true,
    forget = true,
    quiet = args.quiet, verbose = args.verbose > 0,
  }
end

local function about(store, name)
  for _, fault in ipairs(store.faults()) do if fault.name == name then return fault.about end end
end

-- What somebody sees who meets nano-sre for the first time. 0: healthy was green, broken was found.
local function tour(server, args, store)
  local out = require "cli.out"
  local faults = #args.fault > 0 and args.fault or { "atc_broken" }
  for _, name in ipairs(faults) do server:fault(name, false) end
  local healthy = check(server, args)
  if healthy ~= 0 then return healthy end
  out.note("")
  for _, name in ipairs(faults) do
    server:fault(name, true)
    out.note(("now the shop is broken (--fault %s): %s"):format(name, about(store, name)))
  end
  out.note("")
  local exit = require "cli.exit"
  local broken = check(server, args, #args.fault == 0 and { "checkout" } or nil)
  if broken == exit.FAILED then
    out.note("found and explained; that is what nano-sre is for. Your own shop:")
    out.note("  nano-sre audit --url https://my-shop.example")
    return exit.OK
  end
  if broken ~= exit.OK then return broken end
  out.note("nothing was found: no bundled check is moved by this fault")
  return exit.FAILED
end

local function serve_until_signal(server)
  local out = require "cli.out"
  out.line(server:url())
  out.note("the demo shop is open; Ctrl-C closes it")
  out.note(("try:  nano-sre run checkout --url %s"):format(server:url()))
  if server.pixels then
    out.note("its pixels talk to stand-ins; nano-sre leads its browser there, another one needs")
    for _, flag in ipairs(require("cli.demo_shop").flags(server.pixels:describe())) do
      out.note("  '" .. flag .. "'")
    end
  end
  local signal
  repeat signal = sys.env.signal() until signal ~= "HUP"
  return 0
end

function verb.run(args)
  local store = require "demo.store"
  if args.list_faults then return list_faults(store) end
  check_faults(store, args.fault)
  local server, why = store.start { port = port_of(args.port), faults = args.fault,
    drawer = args.drawer, banner = args.cookie_banner, popup = args.popup,
      pixels = not args.no_pixels }
  if not server then
    error(require("fault").new("engine", {
      message = "the demo shop can't listen: " .. tostring(why), hint = "choose another --port",
      code = "listen",
    }), 0)
  end
  sys.task.spawn(function() server:serve() end)
  local code
  if args.tour then
    code = tour(server, args, store)
  elseif args.check then
    code = check(server, args)
  else
    code = serve_until_signal(server)
  end
  server:close()
  return code
end

return verb
