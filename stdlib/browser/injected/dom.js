// Walking the page: what is visible, what text an element holds, open shadow roots. Every injected
// file shares one closure in an isolated world (injected.lua), so that what the page does to its
// own prototypes does not reach us. Attributes are read through the prototype: a form with <input
// name="id"> would answer form.id with that input.

const attr = (e, name) => Element.prototype.getAttribute.call(e, name);
const squeeze = text => text.replace(/[\u200b\u00ad]/g, '').replace(/\s+/g, ' ').trim();
const clip = (text, max) => text.length > max ? text.slice(0, max - 1) + '…' : text;
const now = () => performance.now();

const tagText = e => {
  let text = '<' + e.localName;
  for (const name of ['id', 'class', 'name', 'type', 'role', 'href']) {
    const value = attr(e, name);
    if (value) text += ` ${name}="${clip(squeeze(value), 40)}"`;
  }
  return text + '>';
};

// The parent as it is drawn: out of a slot, out of a shadow root.
const parentOf = e => e.assignedSlot || e.parentElement ||
  (e.parentNode instanceof ShadowRoot ? e.parentNode.host : null);

const childrenOf = e => e.shadowRoot ? e.shadowRoot.childNodes
  : e.localName === 'slot' && e.assignedNodes().length ? e.assignedNodes() : e.childNodes;

function visible(e) {
  if (!e.isConnected) return false;
  // Without a box of its own, its content may have one.
  if (getComputedStyle(e).display === 'contents') {
    return [...childrenOf(e)].some(child =>
      child.nodeType === 1 ? visible(child) : child.nodeType === 3 && child.data.trim() !== '');
  }
  if (!e.checkVisibility({ visibilityProperty: true })) return false;
  const box = e.getBoundingClientRect();
  // A box of one pixel is how themes hide text that only screen readers get.
  return box.width > 0 && box.height > 0 && (box.width > 1 || box.height > 1);
}

// The open shadow roots below root, outer before inner.
function shadowsIn(root, found = []) {
  if (root.shadowRoot) { found.push(root.shadowRoot); shadowsIn(root.shadowRoot, found); }
  for (const e of root.querySelectorAll('*')) {
    if (e.shadowRoot) { found.push(e.shadowRoot); shadowsIn(e.shadowRoot, found); }
  }
  return found;
}

function query(root, css) {
  const found = [...root.querySelectorAll(css)];
  for (const shadow of shadowsIn(root)) found.push(...shadow.querySelectorAll(css));
  return found;
}

const SILENT = { SCRIPT: 1, STYLE: 1, NOSCRIPT: 1, TEMPLATE: 1, HEAD: 1 };

// The text of an element as the source has it, hidden parts included; cache: Map, one per search.
function textOf(e, cache) {
  let text = cache.get(e);
  if (text !== undefined) return text;
  text = '';
  const type = e.nodeName === 'INPUT' ? attr(e, 'type') || '' : '';
  if (/^(button|submit|reset)$/i.test(type)) text = e.value;
  else if (!SILENT[e.nodeName]) {
    for (const child of childrenOf(e)) {
      if (child.nodeType === 3) text += child.data;
      else if (child.nodeType === 1) text += child.nodeName === 'BR' ? ' ' : textOf(child, cache);
    }
  }
  cache.set(e, text);
  return text;
}

function deepestAt(x, y) {
  let e = document.elementFromPoint(x, y);
  while (e && e.shadowRoot) {
    const inner = e.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === e) break;
    e = inner;
  }
  return e;
}

function holds(outer, e) {
  while (e && e !== outer) e = parentOf(e);
  return !!e;
}
