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

--- Records how quickly the page answered the taps since it was last asked: inp_ms and tbt_ms.
--- Nothing where nothing was tapped.
---@param t nano.Context
---@param page nano.Page
---@param name string  "add to cart"
function shop.measure_taps(t, page, name) end

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
---@field place? "page"|"drawer"  where shop.open_cart found it

--- Clicks the add button of the product's page that is open, and waits until /cart.js has the
--- product.
---@param page nano.Page
---@param product? nano.Product
---@return nano.Cart
function shop.add_to_cart(page, product) end

--- Goes to the cart: stays in the drawer where the theme has opened one, else goes to the page.
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

--- Answers the cookie banner of the page that is open, if there is one.
---@param page nano.Page
---@param answer "accept"|"decline"
---@param options? { wait: number }  ms to wait for a banner, 3000 if absent
---@return boolean there
function shop.answer_cookies(page, answer, options) end

--- Closes what pops up over the page, as far as it can be closed: a cookie banner (refusing, unless
--- another answer was given before), a newsletter's form.
---@param page nano.Page
---@return integer closed
function shop.close_popups(page) end

--- Clicks as page:click does; what has popped up over the element is closed first.
---@param page nano.Page
---@param selector string
function shop.click(page, selector) end

---@class nano.ShopAdmin
---@field cost? table  { requested, actual, available, maximum, restore_rate } of the last answer
---@field spent number  points
---@field waited_ms number
---@field query fun(self, query: string, variables?: table): table?, string?, string?, table?
---@field quota fun(self): string?
---@field waited fun(self): string

--- A client of the Admin GraphQL API that waits for its bucket. Needs "http:*.myshopify.com".
---@param options { url: string, token: nano.Secret|string, version?: string }
---@return nano.ShopAdmin
function shop.admin(options) end

---@class nano.ShopFindings
---@field list table[]
---@field step fun(name: string, fn: fun(): any): any  goes on after something bad
---@field bad fun(message: string, more?: table)       the run fails at its end
---@field poor fun(message: string, more?: table)      the run is a WARN
---@field conclude fun(text: string)                   fails, or says the sentence

--- What a check finds in several steps.
---@param t nano.Context
---@return nano.ShopFindings
function shop.findings(t) end

--- Opens a page and tells what it shows.
---@param t nano.Context
---@param page nano.Page
---@param path string
---@param name string    "product page"
---@param known? table   shared between calls
---@return table view
function shop.look(t, page, path, name, known) end

--- Looks at home, a collection, a product and the cart.
---@param t nano.Context
---@param page nano.Page
---@param found nano.ShopFindings
---@param handle? string
---@return table[]? views  nil: no page opens
function shop.look_around(t, page, found, handle) end

--- The product to look at: the one that is named, or the first linked one.
---@param t nano.Context
---@param page nano.Page
---@param views table[]
---@param handle? string
---@return string path
function shop.product_path(t, page, views, handle) end

--- Errors of the theme that shoppers can read.
---@param views table[]
---@param found nano.ShopFindings
function shop.check_liquid(views, found) end

--- Pictures that did not come.
---@param views table[]
---@param found nano.ShopFindings
function shop.check_images(views, found) end

--- Scripts and style sheets that are gone, and whose they are.
---@param views table[]
---@param found nano.ShopFindings
function shop.check_scripts(views, found) end

--- Parts of encrypted pages that are not encrypted.
---@param views table[]
---@param found nano.ShopFindings
function shop.check_insecure(views, found) end

--- JSON-LD against the shop's own price and stock. Needs "http".
---@param t nano.Context
---@param views table[]
---@param found nano.ShopFindings
function shop.check_structured(t, views, found) end

--- Theme and products, as the Admin API tells; says what is left out without a token.
---@param t nano.Context
---@param views table[]
---@param found nano.ShopFindings
---@param options { token?: nano.Secret, url?: string }
---@return table? facts
function shop.check_back_office(t, views, found, options) end

--- Parts that server and browser draw differently.
---@param views table[]
---@param found nano.ShopFindings
function shop.check_hydration(views, found) end

--- Errors of scripts, without noise.
---@param views table[]
---@param found nano.ShopFindings
---@param ignore? string[]  texts
function shop.check_console(views, found, ignore) end

--- Requests that the shop refuses, and limits that are near. Needs "http".
---@param t nano.Context
---@param views table[]
---@param found nano.ShopFindings
function shop.check_rate_limits(t, views, found) end

--- The price on the page against the shop's, and with a token the Storefront API's. Needs "http".
---@param t nano.Context
---@param page nano.Page
---@param view table
---@param found nano.ShopFindings
---@param token? nano.Secret
function shop.check_price(t, page, view, found, token) end

--- Follows the links of the views within the shop. Needs "http".
---@param t nano.Context
---@param views table[]
---@param found nano.ShopFindings
---@param options? { max?: integer, ignore?: string[] }
---@return integer followed
---@return integer left
function shop.follow_links(t, views, found, options) end

--- Asks for the pictures that the browser has not loaded. Needs "http".
---@param t nano.Context
---@param views table[]
---@param found nano.ShopFindings
---@param max? integer
---@return integer asked
function shop.follow_images(t, views, found, max) end

return shop
