--- What the storefront skills share: opening pages of a shop as a shopper does, finding things on
--- any theme, and the truth from the shop's own /cart.js. Public: `local shop = require "shop"`;
--- every function takes the run's `t` or a page and raises a failure in a store owner's words.

local cart = require "shop.cart"
local check_up = require "shop.check_up"
local checkout = require "shop.checkout"
local checks = require "shop.checks"
local findings = require "shop.findings"
local look = require "shop.look"
local messages = require "shop.messages"
local popups = require "shop.popups"
local product = require "shop.product"
local storefront = require "shop.storefront"

return {
  open = storefront.open,
  measure = storefront.measure,
  measure_taps = storefront.measure_taps,
  money = storefront.money,
  open_product = product.open,
  add_to_cart = cart.add,
  open_cart = cart.open,
  read_cart = cart.read,
  open_checkout = checkout.open,
  answer_cookies = popups.answer_cookies,
  close_popups = popups.close,
  click = popups.click,

  admin = require("shop.admin").new,
  findings = findings.new,
  look = look.at,
  look_around = look.around,
  product_path = check_up.product_path,
  check_liquid = checks.liquid,
  check_images = checks.images,
  check_scripts = checks.scripts,
  check_insecure = checks.insecure,
  check_structured = check_up.structured,
  check_back_office = check_up.back_office,
  check_hydration = messages.check_hydration,
  check_console = messages.check_errors,
  check_rate_limits = check_up.rate_limits,
  check_price = check_up.price,
  follow_links = check_up.follow_links,
  follow_images = check_up.follow_images,
}
