--- What CI systems run: the script of the GitHub Action with a docker that only tells what it was
--- asked, the image's browser wrapper, and that Dockerfile, action.yml and their manual fit the
--- rest. No image is built here.

local root = sys.env.cwd()
local dir
before_each(function() dir = sys.files.real_path(sys.files.temp_dir "nano-ci") end)
after_each(function() sys.files.remove(dir, { recursive = true }) end)

local function read(path) return assert(sys.files.read(path)) end

local function script(name, text)
  sys.files.make_dirs(dir .. "/bin")
  assert(sys.files.write(dir .. "/bin/" .. name, "#!/bin/sh\n" .. text, { mode = 493 }))
end

local function run(argv, env)
  local all = { PATH = dir .. "/bin:" .. sys.env.get "PATH", HOME = dir }
  for name, value in pairs(env or {}) do all[name] = value end
  local process = assert(sys.process.spawn { argv = argv, cwd = dir, env = all, stdin = "null",
    stdout = "pipe", stderr = "pipe" })
  local function collect(stream)
    return sys.task.spawn(function()
      local parts = {}
      while true do
        local chunk = assert(process:read(stream, 60000))
        if chunk == "" then return table.concat(parts) end
        parts[#parts + 1] = chunk
      end
    end)
  end
  local out, err = collect "stdout", collect "stderr"
  local ended = assert(process:wait(60000))
  return { code = ended.code, stdout = select(2, out:join()), stderr = select(2, err:join()) }
end

describe("the GitHub Action", function()
  local function act(env)
    sys.files.make_dirs(dir .. "/ws/shop")
    sys.files.make_dirs(dir .. "/temp")
    sys.files.write(dir .. "/out", "before=1\n")
    sys.files.write(dir .. "/summary", "before\n")
    local all = { GITHUB_WORKSPACE = dir .. "/ws", RUNNER_TEMP = dir .. "/temp",
      GITHUB_OUTPUT = dir .. "/out", GITHUB_STEP_SUMMARY = dir .. "/summary", IN_USE = "docker",
      IN_DIRECTORY = "shop" }
    for name, value in pairs(env or {}) do all[name] = value end
    return run({ root .. "/tools/github-action" }, all)
  end

  -- Tells its arguments, one a line, and does what nano-sre would.
  local DOCKER = [[
for word; do printf '%s\n' "$word"; done >>"$LOG"
[ "$1" = run ] || exit 0
printf 'url=%s\npassword=%s\n' "$STORE_URL" "$STORE_PASSWORD" >>"$LOG"
for word; do case $word in
  *github=*) file=${word#*github=}; echo "::error title=x::y" >"${file%%,*}" ;;
  GITHUB_STEP_SUMMARY=*) echo "## sum" >>"${word#*=}" ;;
esac; done
echo "::set-output name=evil::1"
exit 1
]]

  it("runs the checks in the image and hands on what came of them", function()
    script("docker", DOCKER)
    local ended = act { LOG = dir .. "/log", IN_URL = "https://shop.example/?a=1&b='$(x)'",
      IN_PASSWORD = "s e\"cret", IN_SKILLS = "checkout\n  search", IN_FAIL_ON = "warn",
      IN_ARGS = "--timeout 2m *" }
    expect(ended.stderr):is ""
    expect(ended.code):is(1)
    local asked = read(dir .. "/log")
    expect(asked):matches "^build\n"
    for _, words in ipairs { "\n--skill\ncheckout\n--skill\nsearch\n", "\n--fail-on\nwarn\n",
      "\n--timeout\n2m\n*\n", "\ncheck\n", "\n--cap-drop\nALL\n",
      "\n" .. dir .. "/ws:" .. dir .. "/ws:ro\n",
      "\nurl=https://shop.example/?a=1&b='$(x)'\npassword=s e\"cret\n" } do
      expect(asked):contains(words)
    end
    local before_password = asked:match "^(.-)\nurl="
    expect(before_password:find("cret", 1, true)):is(nil) -- not where `ps` shows it
    local token, between, after = ended.stdout:match(
      "::stop%-commands::(%x+)\n(.*)\n::%1::\n(.*)$")
    expect(#token):is(32)
    expect(between):contains "::set-output"
    expect(after):is "::error title=x::y\n"
    expect(read(dir .. "/out"))
      :is("before=1\nexit-code=1\nreport-dir=" .. dir .. "/ws/shop/nano-sre-report\n")
    expect(read(dir .. "/summary")):is "before\n## sum\n"
    expect(sys.files.list(dir .. "/temp")):same {}
  end)

  it("takes an image as it is", function()
    script("docker", DOCKER)
    act { LOG = dir .. "/log", IN_IMAGE = "ghcr.io/x/y:1" }
    expect(read(dir .. "/log")):matches "^run\n"
    expect(read(dir .. "/log")):contains "\nghcr.io/x/y:1\ncheck\n"
  end)

  it("fails where there can be no image", function()
    script("docker", "echo no daemon >&2; exit 125")
    local ended = act()
    expect(ended.code):is(125)
    expect(ended.stderr):contains "no daemon"
  end)

  it("refuses another way to run", function()
    expect(act({ IN_USE = "magic" }).code):is(2)
  end)

  it("has every input in action.yml, and only there; the manual tells of all of them", function()
    local action, manual = read "action.yml", read "docs/ci.md"
    local text = read "tools/github-action"
    local names = {}
    for name in action:match("\ninputs:\n(.-)\noutputs:"):gmatch("\n?  ([%w-]+):\n") do
      names[#names + 1] = name
      expect(text):contains("IN_" .. name:upper():gsub("-", "_"))
      expect(action):contains("IN_" .. name:upper():gsub("-", "_") .. ": ${{ inputs." .. name
        .. " }}")
      expect(manual):contains("| `" .. name .. "` |")
    end
    expect(#names):is(9)
    -- An expression inside of a script is how input becomes code.
    expect(action:match("\n      run: ([^\n]*)"):find("${{", 1, true)):is(nil)
  end)
end)

describe("the image", function()
  local function browser(env)
    env.CHROMIUM_REAL = dir .. "/bin/real"
    script("real", 'echo "$@"')
    return run({ root .. "/docker/chromium-headless-shell", "--a", "b c" }, env)
  end

  it("keeps Chromium's sandbox unless it is told not to", function()
    expect(browser({}).stdout):is "--a b c\n"
    expect(browser({ CHROMIUM_SANDBOX = "on" }).stdout):is "--a b c\n"
    expect(browser({ CHROMIUM_SANDBOX = "off" }).stdout):is "--no-sandbox --a b c\n"
  end)

  it("goes on without where there can be none and that was allowed, and says so", function()
    script("unshare", "exit 1")
    local ended = browser { CHROMIUM_SANDBOX = "auto" }
    expect(ended.stdout):is "--no-sandbox --a b c\n"
    expect(ended.stderr):contains "without the sandbox"
    script("unshare", "exit 0")
    expect(browser({ CHROMIUM_SANDBOX = "auto" }).stdout):is "--a b c\n"
  end)

  -- Not linked: loaded later, or found by its path.
  local RUNTIME = { "libcurl4", "libwebsockets17", "libwebsockets-evlib-ev",
    "chromium-headless-shell", "fonts-dejavu-core", "ca-certificates" }

  it("has the packages that the Makefile names, and runs as nobody special", function()
    local text = read "Dockerfile"
    local build, final = text:match "^(.-)\nFROM [^\n]*slim\n(.*)$"
    local function has(stage, package)
      return (" " .. stage:gsub("[\n\\]", " ") .. " "):find(" " .. package .. " ", 1, true) ~= nil
    end
    local packages = read("Makefile"):match "\nPACKAGES = (.-[^\\])\n"
    for package in packages:gsub("\\\n", " "):gmatch "%S+" do
      expect(has(build, package) or has(final, package), package):is(true)
    end
    for _, package in ipairs(RUNTIME) do expect(has(final, package), package):is(true) end
    expect(final):matches "\nUSER nano%-sre\n.*\nENTRYPOINT"
    expect(read ".dockerignore"):contains "**/.env"
  end)
end)
