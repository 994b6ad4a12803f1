// What a page shows to shoppers and to search engines, for stdlib/shop/look.lua: one plain object.
() => {
  const MAX = 500, clip = (text, max) => text.replace(/\s+/g, ' ').trim().slice(0, max);
  const ERROR = /liquid (?:syntax )?error(?: \(|:)|translation missing:/.source;
  const LEFTOVER = /\{\{-?\s*[\w.'"]+[^{}]*\}\}|\{%-?\s*[a-z]+[^{}]*%\}/.source;
  const LIQUID = new RegExp(`${ERROR}|${LEFTOVER}`, 'i');
  const HIDDEN = 'script, style, template, noscript, textarea, code, pre';
  const absolute = (address) => { try { return new URL(address,
    document.baseURI).href; } catch { return null; } };

  // Texts, and the attributes that are read out or shown.
  const liquid = [];
  const keep = (text, where) => {
    const at = text && liquid.length < 20 ? text.search(LIQUID) : -1;
    if (at >= 0) liquid.push({ text: clip(text.slice(at), 160), where });
  };
  keep(document.title, 'title');
  const walker = document.createTreeWalker(document.body || document.documentElement,
    NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); )
    if (node.parentElement && !node.parentElement.closest(HIDDEN)) keep(node.data, 'text');
  for (const name of ['alt', 'title', 'aria-label', 'placeholder', 'content'])
    for (const element of document.querySelectorAll(`[${name}]`)) keep(element.getAttribute(name),
      name);

  const links = new Map();
  for (const a of document.querySelectorAll('a[href]')) {
    const url = absolute(a.getAttribute('href'));
    if (!url || !/^https?:/.test(url) || links.size >= MAX) continue;
    const clean = url.replace(/#.*$/, ''), menu = !!a.closest('header, nav, footer');
    const text = clip(a.textContent || a.getAttribute('aria-label') || '', 60),
      old = links.get(clean);
    links.set(clean, { url: clean, text: (old && old.text) || text,
      menu: menu || !!(old && old.menu) });
  }

  const images = new Map();
  for (const img of document.images) {
    const url = absolute(img.currentSrc || img.getAttribute('src') || '');
    if (!url || !/^https?:/.test(url) || images.size >= MAX) continue;
    const broken = img.complete && img.naturalWidth === 0 && !/\.svg(\?|$)/.test(url);
    images.set(url, { url, alt: clip(img.alt || '', 80), broken, loaded: img.complete && !broken });
  }

  const loaded = [];
  const parts = 'script[src], iframe[src], link[rel~=stylesheet][href], img[src], video[src], '
    + 'source[src], form[action]';
  if (location.protocol === 'https:')
    for (const element of document.querySelectorAll(parts)) {
      const url = absolute(element.getAttribute('src') || element.getAttribute('href')
        || element.getAttribute('action'));
      if (url && url.startsWith('http://') && loaded.length < MAX) loaded.push({ url,
        tag: element.localName });
    }

  const shop = window.Shopify || {};
  return {
    url: location.href, title: document.title, liquid, links: [...links.values()],
      images: [...images.values()],
    insecure: loaded, shop: shop.shop, theme: shop.theme && { name: shop.theme.name,
      id: shop.theme.id },
    structured: [...document.querySelectorAll('script[type="application/ld+json"]')].slice(0, 20)
      .map((script) => script.textContent.slice(0, 100000)),
  };
}
