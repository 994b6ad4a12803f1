// The amounts that a product page shows around its add-to-cart button, in hundredths, for
// stdlib/shop/price.lua. Amounts inside links and cards belong to other products.
() => {
  const PRICE = '[itemprop="price"], [data-product-price], [data-price], [class*="price" i], '
    + '.money';
  const SIGN = '[$€£¥₹₩₺₽]', NUMBER = "(\\d[\\d.,’' \\u00a0\\u202f]*)";
  const MONEY = new RegExp(`(?:${SIGN}|\\b[A-Z]{3}|\\bkr|zł)\\s?${NUMBER}`
    + `|${NUMBER}\\s?(?:${SIGN}|\\b[A-Z]{3}\\b|kr\\b|zł)`, 'g');

  function hundredths(text) {
    const digits = text.replace(/[’' \u00a0\u202f]/g, '').replace(/[.,]$/, '');
    const decimals = digits.match(/[.,](\d{1,2})$/);
    const whole = (decimals ? digits.slice(0, decimals.index) : digits).replace(/[.,]/g, '');
    return Number(whole) * 100 + (decimals ? Number(decimals[1].padEnd(2, '0')) : 0);
  }
  const shown = (element) => element.checkVisibility
    ? element.checkVisibility({ checkOpacity: true,
      checkVisibilityCSS: true }) : element.offsetParent !== null;
  const own = (element) => shown(element)
    && !element.closest('a, [class*="card" i], [class*="recommend" i]');

  const form = document.querySelector('form[action*="/cart/add"] [name="add"], [name="add"], '
    + 'form[action*="/cart/add"] [type="submit"]')
    || [...document.querySelectorAll('button')].find((button) =>
      /add to (cart|bag|basket)/i.test(button.textContent))
    || document.querySelector('h1');
  let area = form && form.parentElement, found = [];
  for (; area && !found.length; area = area.parentElement)
    found = [...area.querySelectorAll(PRICE)].filter(own);

  const amounts = new Set(), texts = new Set();
  for (const element of found.slice(0, 50)) {
    const content = element.getAttribute('content');
    const text = element.innerText || (content && /^\d+([.,]\d+)?$/.test(content) ? '$' + content
      : '');
    for (const match of text.matchAll(MONEY)) {
      amounts.add(hundredths(match[1] || match[2]));
      texts.add(match[0].trim());
    }
  }
  const id = document.querySelector('form[action*="/cart/add"] [name="id"]');
  const variant = new URL(location.href).searchParams.get('variant') || (id && id.value);
  const active = window.Shopify && Shopify.currency && Shopify.currency.active;
  return { currency: active || undefined, amounts: [...amounts], texts: [...texts].slice(0, 10),
    variant: variant || undefined };
}
