-- api: 1
-- Messages on nano-sre's own standard output: for a terminal, or a service whose log is read.
return alerter "stdout" {
  about = "prints messages on standard output",
  options = { form = option.enum { "text", "json", default = "text",
    about = "for people, or one JSON object a line" } },
  send = function(a, message, o)
    if o.form == "json" then
      a.print(require("json").encode(message))
    else
      a.print(message.title .. "\n  " .. message.text:gsub("\n", "\n  "))
    end
  end,
}
