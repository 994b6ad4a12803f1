local body = require "demo.body"

local function parse(kind, text)
  return body.parse { headers = { ["content-type"] = kind }, body = text }
end

describe("demo.body", function()
  it("reads URL-encoded forms with bracketed names", function()
    expect(parse("application/x-www-form-urlencoded",
      "id=1&properties%5BName%5D=A+B&updates[]=2&updates[]=0&items[0][id]=7")):same {
      id = "1", properties = { Name = "A B" }, updates = { "2", "0" },
      items = { ["0"] = { id = "7" } },
    }
  end)

  it("reads multipart forms", function()
    local text = table.concat({
      "--X", 'Content-Disposition: form-data; name="id"', "", "44", "--X",
      'Content-Disposition: form-data; name="note"', "", "two\r\nlines --X", "--X--", "" }, "\r\n")
    expect(parse("multipart/form-data; boundary=X", text)):same { id = "44",
      note = "two\r\nlines --X" }
    expect(parse("multipart/form-data; boundary=X", text:sub(1, 60))):is(nil)
    expect(parse("multipart/form-data", text)):is(nil)
  end)

  it("reads JSON", function()
    expect(parse("application/json; charset=utf-8", '{"id":5}')):same { id = 5 }
    expect(parse("application/json", "")):same {}
    expect(parse("application/json", "5")):is(nil)
    expect(parse("application/json", "{")):is(nil)
  end)
end)
