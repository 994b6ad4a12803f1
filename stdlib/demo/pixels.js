/*
 * The shop's marketing: what Shopify publishes to pixels, the theme's own snippets (Meta, Google
 * Analytics, TikTok), a custom pixel in an iframe (Pinterest), an app's pixel in a worker (Klaviyo,
 * Snap), all of it waiting for the cookie banner if there is one. Requests have the form of the
 * vendors' own.
 *
 * Nothing runs unless the vendors' hosts are stand-ins: only with them does a host under .test
 * answer. So a visit with a plain browser never calls anybody.
 */
'use strict';

(async () => {
  const config = JSON.parse(document.getElementById('demo-pixels').textContent);
  const { ids, faults } = config;
  const standsIn = await fetch(`https://${config.ready}/`, { mode: 'no-cors' }).then(
    () => true,
    () => false
  );
  if (!standsIn) return;

  const getJson = (path) =>
    fetch(path, { headers: { Accept: 'application/json' } }).then((answer) => answer.json());
  const eventId = () => crypto.randomUUID();

  /* Theme snippets --------------------------------------------------------------------------- */

  function meta(name, goods, id) {
    const address = new URL('https://www.facebook.com/tr/');
    const sent = { id: ids.meta, ev: name, dl: location.href, rl: document.referrer, if: 'false',
      ts: Date.now(), sw: screen.width, sh: screen.height, v: '2.9.179', r: 'stable', eid: id };
    if (goods) {
      sent['cd[content_type]'] = 'product';
      sent['cd[content_ids]'] = JSON.stringify(goods.items.map((one) => String(one.variant)));
      if (!faults.without_value) {
        sent['cd[value]'] = goods.value.toFixed(2);
        sent['cd[currency]'] = goods.currency;
      }
    }
    for (const [key, value] of Object.entries(sent)) address.searchParams.set(key, value);
    new Image(1, 1).src = address.href;
  }

  function ga4Event(name, goods) {
    const line = new URLSearchParams({ en: name });
    if (goods) {
      line.set('epn.value', goods.value.toFixed(2));
      line.set('cu', goods.currency);
      goods.items.forEach((one, i) => {
        line.set(`pr${i + 1}`,
          `id${one.variant}~nm${one.title}~pr${one.price.toFixed(2)}~qt${one.quantity}`);
      });
    }
    return line;
  }

  /* One event goes into the address, several into the body, one a line. */
  function ga4(events) {
    const address = new URL('https://www.google-analytics.com/g/collect');
    const common = { v: '2', tid: ids.ga4, gtm: '45je4bk0', _p: Date.now(), gcs: 'G111',
      gcd: '13l3l3l3l1l1', npa: '0', dma: '0', cid: '555.1700000000', ul: 'en-us',
      dl: location.href, dt: document.title, _s: '1' };
    const single = events.length === 1 ? Object.fromEntries(events[0]) : {};
    for (const [key, value] of Object.entries({ ...common, ...single }))
      address.searchParams.set(key, value);
    navigator.sendBeacon(address.href, events.length > 1 ? events.join('\r\n') : undefined);
  }

  function tiktok(name, goods) {
    const properties = goods && {
      contents: goods.items.map((one) => ({ content_id: String(one.variant), price: one.price,
        quantity: one.quantity, content_name: one.title })),
      content_type: 'product', value: goods.value, currency: goods.currency,
    };
    const body = { event: name, event_id: eventId(), message_id: eventId(),
      timestamp: new Date().toISOString(), properties: properties || {},
      context: { ad: {}, user: {}, pixel: { code: ids.tiktok },
        page: { url: location.href, referrer: document.referrer },
        library: { name: 'pixel.js', version: '2.2.0' } } };
    fetch('https://analytics.tiktok.com/api/v2/pixel', { method: 'POST', mode: 'no-cors',
      keepalive: true, body: JSON.stringify(body) }).catch(() => {});
  }

  const NAMES = {
    page_viewed: ['PageView', 'page_view', 'Pageview'],
    product_viewed: ['ViewContent', 'view_item', 'ViewContent'],
    product_added_to_cart: ['AddToCart', 'add_to_cart', 'AddToCart'],
    checkout_started: ['InitiateCheckout', 'begin_checkout', 'InitiateCheckout'],
  };

  let batch = [];
  function theme(name, goods, allowed) {
    const [metaName, ga4Name, tiktokName] = NAMES[name];
    const isLost = faults.missing && name === 'product_added_to_cart';
    if (allowed && !isLost) meta(metaName, goods, eventId());
    if (allowed || faults.consent_ignored) tiktok(tiktokName, goods);
    if (!allowed) return;
    batch.push(ga4Event(ga4Name, goods));
    if (batch.length === 1) queueMicrotask(() => { ga4(batch); batch = []; });
  }

  /* Web pixels: an iframe for the shop's own code, a worker for an app's ---------------------- */

  const container = document.createElement('div');
  container.id = 'web-pixels-manager-sandbox-container';
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-scripts allow-forms');
  frame.src = '/web-pixels/custom/sandbox';
  frame.hidden = true;
  const frameIsThere = new Promise((done) => frame.addEventListener('load', done));
  container.append(frame);
  document.body.append(container);
  const worker = new Worker('/web-pixels/app/worker.js');

  async function webPixels(message, allowed) {
    if (allowed || faults.consent_ignored) worker.postMessage(message);
    if (!allowed) return;
    await frameIsThere;
    frame.contentWindow.postMessage(message, '*');
  }

  /* Shopify.analytics ------------------------------------------------------------------------ */

  /* The checkout has no banner, but keeps to the answer that was given before it. A shop without a
     banner takes consent for granted. */
  const privacy = window.Shopify.customerPrivacy;
  const answer = document.cookie.match(/(?:^|; )_tracking_consent=([^;]*)/);
  let decided = !privacy || !privacy.shouldShowBanner();
  let allowed = answer ? !!JSON.parse(decodeURIComponent(answer[1])).marketing : !privacy;
  const held = [];

  function deliver(name, goods) {
    theme(name, goods, allowed);
    webPixels({ name, goods, ids, faults, url: location.href }, allowed);
  }

  window.Shopify.analytics = {
    replayQueue: [],
    publish(name, payload, goods) {
      this.replayQueue.push([name, payload]);
      navigator.sendBeacon('/.well-known/shopify/monorail/unstable/produce_batch',
        JSON.stringify({ events: [{ schema_id: 'web_pixels_manager_event_publish/1.0',
          payload: { event_name: name } }] }));
      if (decided) deliver(name, goods);
      else held.push([name, goods]);
      return true;
    },
  };

  const money = (amount, currency) => ({ amount, currencyCode: currency });

  function publish(name, goods) {
    const first = goods && goods.items[0];
    const variant = first && { id: String(first.variant), sku: first.sku,
      price: money(first.price, goods.currency),
      product: { id: String(first.product), title: first.title } };
    const data = {};
    if (name === 'product_viewed') data.productVariant = variant;
    if (name === 'product_added_to_cart')
      data.cartLine = { quantity: first.quantity, merchandise: variant,
        cost: { totalAmount: money(goods.value, goods.currency) } };
    if (name === 'checkout_started')
      data.checkout = { subtotalPrice: money(goods.value, goods.currency),
        lineItems: goods.items.map((one) => ({ quantity: one.quantity,
          variant: { id: String(one.variant), price: money(one.price, goods.currency),
            product: { id: String(one.product) } } })) };
    window.Shopify.analytics.publish(name, { id: eventId(), name, data }, goods);
  }

  const currency = window.Shopify.currency.active;
  const of = (line) => ({ product: line.product_id, variant: line.variant_id, sku: line.sku,
    title: line.product_title, price: line.price / 100, quantity: line.quantity });

  function viewedProduct() {
    const chosen = Number(document.querySelector('.product-variant-id').value);
    const { product } = window.ShopifyAnalytics.meta;
    const variant = product.variants.find((one) => one.id === chosen) || product.variants[0];
    const item = { product: product.id, variant: variant.id, sku: variant.sku,
      title: product.title, price: variant.price / 100, quantity: 1 };
    publish('product_viewed', { items: [item], value: item.price, currency });
  }

  async function startedCheckout() {
    const cart = await getJson('/cart.js');
    publish('checkout_started', { items: cart.items.map(of), value: cart.total_price / 100,
      currency: cart.currency });
  }

  document.addEventListener('visitorConsentCollected', (event) => {
    decided = true;
    allowed = event.detail.marketingAllowed;
    for (const [name, goods] of held.splice(0)) deliver(name, goods);
  });

  /* What happens on this page ---------------------------------------------------------------- */

  publish('page_viewed');
  if (document.body.classList.contains('template-product')) viewedProduct();
  if (document.body.classList.contains('template-checkout')) startedCheckout();
  subscribe('cart-update', (event) => {
    if (event.source !== 'product-form') return;
    const item = of(event.cartData);
    publish('product_added_to_cart', { items: [item], value: item.price * item.quantity,
      currency });
  });
})();
