--- What the storefront skills share: opening pages of a shop as a shopper does, finding things on
--- any theme, and the truth from the shop's own /cart.js. Public: `local shop = require "shop"`;
--- every function takes the run's `t` or a page and raises a failure in a store owner's words.

local cart = require "shop.cart"
local checkout = require "shop.checkout"
local product = require "shop.product"
local storefront = require "shop.storefront"

return {
  open = storefront.open,
  measure = storefront.measure,
  money = storefront.money,
  open_product = product.open,
  add_to_cart = cart.add,
  open_cart = cart.open,
  read_cart = cart.read,
  open_checkout = checkout.open,
}
