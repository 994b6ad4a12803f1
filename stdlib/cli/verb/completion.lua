--- nano-sre completion SHELL: prints what the shell loads to complete verbs and flags.

local verb = {}

verb.examples = {
  { "nano-sre completion bash > /etc/bash_completion.d/nano-sre", "" },
  { 'nano-sre completion zsh > "${fpath[1]}/_nano-sre"', "" },
  { "nano-sre completion fish > ~/.config/fish/completions/nano-sre.fish", "" },
}

function verb.define(parser)
  parser:argument("shell", "bash, zsh or fish"):choices { "bash", "zsh", "fish" }:argname("SHELL")
end

function verb.run(args)
  local parser = require("cli.args").full_parser(require "cli.verbs", function(name)
    return require("cli.verb." .. name)
  end)
  local text = parser["get_" .. args.shell .. "_complete"](parser)
  require("cli.out").write(1, text)
  return 0
end

return verb
