---@meta shop

--- What storefront skills share: a shopper's way through a shop, on any theme. Everything raises a
--- failure in a store owner's words.
---@class nano.shop
local shop = {}

--- Opens a page of the shop; gives the store's password if it asks for one.
---@param t nano.Context
---@param page nano.Page
---@param path string  "/", "/collections/all"
function shop.open(t, page, path) end

--- Records the vitals of the page that is open, as metrics of that name: ttfb_ms, fcp_ms, lcp_ms,
--- cls, load_ms. LCP and load time are held against the baseline.
---@param t nano.Context
---@param page nano.Page
---@param name string  "home"
---@return nano.Vitals
function shop.measure(t, page, name) end

--- "$749.00"
---@param cents number
---@param currency? string  "USD"
---@return string
function shop.money(cents, currency) end

---@class nano.Product
---@field handle string
---@field title string
---@field available? boolean  nil: the shop does not say
---@field variant? number     id of the first variant in stock
---@field price? number       cents

--- Opens a product's page: the one that is named, or the first that the open page links to and that
--- is in stock.
---@param t nano.Context
---@param page nano.Page
---@param handle? string
---@return nano.Product
function shop.open_product(t, page, handle) end

---@class nano.Cart
---@field item_count integer
---@field total_price number  cents
---@field currency string
---@field titles string[]

--- Clicks the add button of the product's page that is open, and waits until /cart.js has the
--- product.
---@param page nano.Page
---@param product? nano.Product
---@return nano.Cart
function shop.add_to_cart(page, product) end

--- Goes to the cart page.
---@param t nano.Context
---@param page nano.Page
---@return nano.Cart
function shop.open_cart(t, page) end

--- The cart as /cart.js tells it.
---@param page nano.Page
---@return nano.Cart
function shop.read_cart(page) end

--- Clicks the checkout button of the cart and waits for the first page of the checkout. Never goes
--- further.
---@param page nano.Page
function shop.open_checkout(page) end

return shop
