/* An app's pixel, as it runs in the strict sandbox: a worker. Klaviyo and Snap. */
'use strict';

const KLAVIYO = { page_viewed: 'Viewed Page', product_viewed: 'Viewed Product',
  product_added_to_cart: 'Added to Cart', checkout_started: 'Started Checkout' };
const SNAP = { page_viewed: 'PAGE_VIEW', product_viewed: 'VIEW_CONTENT',
  product_added_to_cart: 'ADD_CART', checkout_started: 'START_CHECKOUT' };

function post(address, body, type) {
  fetch(address, { method: 'POST', headers: { 'Content-Type': type }, body: JSON.stringify(body) })
    .catch(() => {});
}

addEventListener('message', ({ data }) => {
  const { name, goods, ids, url } = data;
  const properties = { URL: url };
  if (goods)
    properties.Items = goods.items.map((one) => ({ ProductID: String(one.variant), SKU: one.sku,
      ProductName: one.title, ItemPrice: one.price, Quantity: one.quantity }));
  const attributes = { properties, unique_id: crypto.randomUUID(),
    metric: { data: { type: 'metric', attributes: { name: KLAVIYO[name] } } },
    profile: { data: { type: 'profile', attributes: {} } } };
  if (goods) Object.assign(attributes, { value: goods.value, value_currency: goods.currency });
  post(`https://a.klaviyo.com/client/events/?company_id=${ids.klaviyo}`,
    { data: { type: 'event', attributes } }, 'application/vnd.api+json');
  const snap = { pid: ids.snap, ev: SNAP[name], pl: url, ts: Date.now(),
    client_dedup_id: crypto.randomUUID() };
  if (goods)
    Object.assign(snap, { price: goods.value, currency: goods.currency,
      item_ids: goods.items.map((one) => String(one.variant)) });
  post('https://tr.snapchat.com/p', snap, 'text/plain');
});
