--- The stdlib modules that a script may `require`, with the need that it has to declare first.
return {
  ["alert.format"] = {},
  crypto = {},
  expect = {},
  http = { need = "http" },
  json = {},
  mail = { need = "mail" },
  pixel = { need = "browser" },
  shop = { need = "browser" },
  time = {},
  url = {},
  visual = { need = "browser" },
}
