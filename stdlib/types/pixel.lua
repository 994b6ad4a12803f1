---@meta pixel

--- Marketing pixels over a shopper's journey. Needs "browser".
---@class nano.pixel
local pixel = {}

---@class nano.PixelOptions
---@field wait? string|number  how long at most to wait for the events of a step; default "5s"
---@field vendors? string[]    who must send: "meta", "ga4", "tiktok", "pinterest", "snap",
---  "klaviyo", "meta:1234"
---@field events? string[]     what each must send: "page_view", "view_item", "add_to_cart",
---  "begin_checkout"
---@field denied? boolean      the visitor refused cookies: nobody may send
---@field learned? any         t.learned, so that what has disappeared is told

---@class nano.PixelFinish
---@field refusal? boolean       a second visitor refuses cookies, after which nobody may send
---@field product? nano.Product  whose page that visitor opens

---@class nano.PixelAudit
---@field step fun(self: nano.PixelAudit, name: string, event: string, fn: fun())  a step of the
---  journey, in which everybody is to send that event
---@field compare_with fun(self: nano.PixelAudit, product?: nano.Product)  asks the shop for the
---  truth about product and cart
---@field finish fun(self: nano.PixelAudit, options?: nano.PixelFinish)  tells of what is wrong

--- Watches the pixels of a page from now on.
---@param t nano.Context
---@param page nano.Page
---@param options? nano.PixelOptions
---@return nano.PixelAudit
function pixel.audit(t, page, options) end

return pixel
