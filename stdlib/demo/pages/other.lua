--- The small pages: not found, server trouble, password, policies, contact.

local html = require "demo.html"
local layout = require "demo.pages.layout"

local other = {}

local fill = html.fill

function other.not_found(view)
  return layout.page(view, {
    template = "404", title = "404 Not Found",
    content = [[
<div class="template-404 page-width center"><p>404</p><h1 class="title">Page not found</h1>
<a href="/collections/all" class="button button--primary">Continue shopping</a></div>
]],
  })
end

--- A page as Shopify's edge shows it when the shop itself does not answer.
---@param title string
---@param text string
function other.trouble(title, text)
  return fill([[
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport"
 content="width=device-width,initial-scale=1">
<title>{title}</title><style>body { font: 16px/1.5 sans-serif; color: #212b36; background: #f1f2f4;
 margin: 15vh auto;
 max-width: 36rem; padding: 0 1.5rem } h1 { font-size: 1.6rem }</style></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
]], { title = title, text = text })
end

local PASSWORD = [[
<section class="password page-width center"><div class="password__box"><h1>{shop_name}</h1>
<p>Opening soon. Be the first to know when we launch.</p>
<details class="password-modal"{?wrong:[ open]}><summary><span
 class="password-link underlined-link">{=lock}
Enter using password</span></summary>
<form method="post" action="/password" id="login_form" accept-charset="UTF-8"
 class="storefront-password-form password-form"><input type="hidden" name="form_type"
 value="storefront_password"><input type="hidden" name="utf8"
 value="✓">
<div class="field password-field"><input type="password" name="password" id="Password"
 class="field__input"
 autocomplete="current-password" placeholder="Your password"{?wrong:[ aria-invalid="true"
 aria-describedby="PasswordLoginForm-password-error"]}><label class="field__label"
 for="Password">Your password</label>
{?wrong:[<div id="PasswordLoginForm-password-error" class="form__message"
 role="status">Password incorrect, please try again.</div>]}</div>
<button name="commit"
 class="password-button button button--primary button--full-width">Enter</button></form></details>
</div></section>
]]

--- The password page.
---@param view table
---@param wrong boolean  whether a wrong password was just given
function other.password(view, wrong)
  return layout.page(view, {
    template = "password", title = "Opening soon", bare = true, path = "/password",
    content = fill(PASSWORD,
      { shop_name = view.shop.name, wrong = wrong, lock = layout.icons.lock }),
  })
end

local TEXTS = {
  ["/policies/shipping-policy"] = { "Shipping policy",
    "Orders placed by two leave the same day. Three to five days "
    .. "within the country, five to nine abroad. Over $75 we pay." },
  ["/policies/refund-policy"] = { "Refund policy",
    "Sixty days to send anything back, used or not. We refund what you "
    .. "paid as soon as the parcel is here." },
  ["/policies/privacy-policy"] = { "Privacy policy",
    "This is a demo store. It keeps a cart in memory until the program "
    .. "ends, and nothing else." },
  ["/policies/terms-of-service"] = { "Terms of service",
    "Nothing here can be bought. Click on everything." },
  ["/pages/contact"] = { "Contact",
    "Write to hello@alpenglow-outfitters.example. We answer between runs." },
}

--- A page that is only text, nil if there is none at path.
---@param view table
---@param path string
---@return string?
function other.text(view, path)
  local text = TEXTS[path]
  if not text then return nil end
  return layout.page(view, {
    template = "page", title = text[1],
    content = fill('<div class="page-width page-width--narrow"><h1 class="title">{title}</h1>'
      .. '<div class="rte"><p>{text}</p></div></div>', { title = text[1], text = text[2] }),
  })
end

--- Paths of the text pages, sorted.
function other.text_paths()
  local list = {}
  for path in pairs(TEXTS) do list[#list + 1] = path end
  table.sort(list)
  return list
end

return other
