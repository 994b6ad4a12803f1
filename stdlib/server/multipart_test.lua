local multipart = require "server.multipart"

local TYPE = 'multipart/form-data; boundary="----b"'

local function body(...)
  return table.concat({ ... }, "\r\n")
end

describe("multipart bodies", function()
  it("give their fields and files in order", function()
    local parts = multipart.parse(body(
      "------b", 'Content-Disposition: form-data; name="id"', "", "1",
      "------b", 'Content-Disposition: form-data; name="note"', "", "two\r\nlines", "",
      "------b", 'content-disposition: form-data; name="f"; filename="a%22b.txt"',
      "Content-Type: text/plain", "", "data",
      "------b", 'Content-Disposition: form-data; name="empty"', "", "",
      "------b--", ""), TYPE)
    expect(parts):same {
      { name = "id", value = "1" },
      { name = "note", value = "two\r\nlines\r\n" },
      { name = "f", value = "data", filename = 'a"b.txt', type = "text/plain" },
      { name = "empty", value = "" },
    }
  end)

  it("may have no parts, or a preamble", function()
    expect(multipart.parse("------b--\r\n", TYPE)):same {}
    expect(multipart.parse("preamble\r\n------b--", TYPE)):same {}
  end)

  it("take a boundary without quotes", function()
    local text = body("--x", 'Content-Disposition: form-data; name="a"', "", "1", "--x--")
    expect(multipart.parse(text, "multipart/form-data; boundary=x")):same {
      { name = "a", value = "1" },
    }
  end)

  it("that are damaged are none", function()
    expect(multipart.parse("", TYPE)):is(nil)
    expect(multipart.parse("------b\r\nContent", TYPE)):is(nil)
    expect(multipart.parse("------b--", "multipart/form-data")):is(nil)
    local cut = body("------b", 'Content-Disposition: form-data; name="id"', "", "1")
    expect(multipart.parse(cut, TYPE)):is(nil)
    local many = ("------b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"):rep(1001)
    expect(multipart.parse(many .. "------b--", TYPE)):is(nil)
  end)
end)
