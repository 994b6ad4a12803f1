--- The stdlib modules that a script may `require`, with the need that it has to declare first.
return {
  crypto = {},
  expect = {},
  http = { need = "http" },
  json = {},
  shop = { need = "browser" },
  time = {},
  url = {},
}
