---@meta shop

--- What storefront skills share: a shopper's ways through a shop of any theme, and the truth from
--- its own /cart.js. Needs "browser". Every function fails the step in a store owner's words.
---@class nano.shop
local shop = {}

---@class nano.Cart
---@field item_count integer
---@field total_price integer  cents
---@field currency string      "USD"
---@field titles string[]

---@class nano.Product
---@field handle string
---@field title string
---@field available boolean?  nil: the shop does not say
---@field variant any
---@field price integer?      cents

--- Opens a page of the shop; gives the password if it asks for one.
---@param t nano.Context
---@param page nano.Page
---@param path string  "/", "/cart"
function shop.open(t, page, path) end

--- Records ttfb_ms, fcp_ms, lcp_ms, cls and load_ms of the page that is open.
---@param t nano.Context
---@param page nano.Page
---@param name string  "home"
---@return table vitals
function shop.measure(t, page, name) end

--- An amount as shops write it: "$749.00".
---@param cents number
---@param currency? string  "USD"
---@return string
function shop.money(cents, currency) end

--- Opens the page of a product: the one that is named, or the first linked one that is not sold
--- out.
---@param t nano.Context
---@param page nano.Page    at the home page, unless handle is given
---@param handle? string
---@return nano.Product
function shop.open_product(t, page, handle) end

--- Adds the product of the page that is open to the cart, and makes sure that it is in there.
---@param page nano.Page
---@param product? nano.Product  of open_product
---@return nano.Cart
function shop.add_to_cart(page, product) end

--- Goes to the cart page: by the link that the theme shows after adding, or by its address.
---@param t nano.Context
---@param page nano.Page
---@return nano.Cart
function shop.open_cart(t, page) end

--- The cart as the shop knows it.
---@param page nano.Page
---@return nano.Cart
function shop.read_cart(page) end

--- Goes from the cart to the checkout page and makes sure that a shopper could fill it in.
---@param page nano.Page
function shop.open_checkout(page) end

return shop
