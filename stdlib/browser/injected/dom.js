// Walking the page: what is visible, what text an element holds, open shadow roots. Every injected file shares one
// closure in an isolated world (injected.lua), so that what the page does to its own prototypes does not reach us.
// Attributes are read through the prototype: a form with <input name="id"> would answer form.id with that input.

const attr = (e, name) => Element.prototype.getAttribute.call(e, name);
const squeeze = text => text.replace(/[\u200b\u00ad]/g, '').replace(/\s+/g, ' ').trim();
const clip = (text, max) => text.length > max ? text.slice(0, max - 1) + '…' : text;
const now = () => performance.now();

// The parent as it is drawn: out of a slot, out of a shadow root.
const parentOf = e => e.assignedSlot || e.parentElement ||
  (e.parentNode instanceof ShadowRoot ? e.parentNode.host : null);

const childrenOf = e => e.shadowRoot ? e.shadowRoot.childNodes
  : e.localName === 'slot' && e.assignedNodes().length ? e.assignedNodes() : e.childNodes;

function visible(e) {
  if (!e.isConnected) return false;
  if (getComputedStyle(e).display === 'contents') {
    for (const child of childrenOf(e)) {
      if (child.nodeType === 1 && visible(child)) return true;
      if (child.nodeType === 3 && child.data.trim()) {
        const range = document.createRange();
        range.selectNode(child);
        if (range.getBoundingClientRect().height > 0) return true;
      }
    }
    return false;
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
  if (e.nodeName === 'INPUT' && /^(button|submit|reset)$/i.test(attr(e, 'type') || '')) text = e.value;
  else if (!SILENT[e.nodeName]) {
    for (const child of childrenOf(e)) {
      if (child.nodeType === 3) text += child.data;
      else if (child.nodeType === 1) text += child.nodeName === 'BR' ? ' ' : textOf(child, cache);
    }
  }
  cache.set(e, text);
  return text;
}

const deepestAt = (x, y) => {
  let e = document.elementFromPoint(x, y);
  for (let inner; e && e.shadowRoot && (inner = e.shadowRoot.elementFromPoint(x, y)) && inner !== e;) e = inner;
  return e;
};

const holds = (outer, e) => { for (; e; e = parentOf(e)) if (e === outer) return true; return false; };
