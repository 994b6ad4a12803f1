// Words for people: what an element is called, what is on the page instead of what was looked for,
// the DOM around it. Of the second script (injected.lua): where nothing fails it is not loaded.

const TOLD = new Set(('button link checkbox radio tab menuitem switch textbox searchbox combobox ' +
  'heading img option').split(' '));

function describe(e) {
  if (!e || e.nodeType !== 1) return 'nothing';
  const role = roleOf(e), name = TOLD.has(role) ? nameOf(e) : '';
  return name ? `${role} "${clip(name, 60)}"` : tagText(e);
}

const withState = e =>
  describe(e) + (visible(e) ? disabled(e) ? ' (disabled)' : '' : ' (hidden)');

// ---- nearest candidates
const wordsOf = text => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) || []);
const pairsOf = text => [...text].slice(1).map((letter, i) => text[i] + letter);

// Dice's coefficient over pairs of letters: near spellings and shared words score alike.
function likeness(a, b) {
  if (!a || !b) return 0;
  if (a === b) return 1;
  const left = pairsOf(a), right = pairsOf(b), total = left.length + right.length;
  let shared = 0;
  for (const pair of left) {
    const at = right.indexOf(pair);
    if (at >= 0) { shared++; right.splice(at, 1); }
  }
  return total ? 2 * shared / total : 0;
}

// The words and the role that a selector is about, from its last part that says something.
function wanted(parts) {
  for (let i = parts.length - 1; i >= 0; i--) {
    const [engine, how] = parts[i];
    if (engine === 'css') {
      const plain = how.replace(/:[\w-]+(\([^)]*\))?/g, '').replace(/\[[\w-]+/g, ' ');
      const last = plain.trim().split(/[\s>+~]+/).pop();
      return { text: wordsOf(apart(last)).join(' '), css: true };
    }
    const match = engine === 'role' ? how.name || {} : engine === 'text' ? how : null;
    if (!match) continue;
    const text = match.exact || match.part || (match.regex || '').replace(/\\[a-zA-Z]/g, ' ');
    return { text: wordsOf(text).join(' '), role: how.role };
  }
  return { text: '' };
}

const TOUCHABLE = 'a[href],button,summary,input:not([type=hidden]),select,textarea,[role],' +
  '[onclick],[tabindex]';
const NEAR_MAX = 5, POOL_MAX = 600;
const apart = text => text.replace(/([a-z])([A-Z])/g, '$1 $2');
const namesOf = e => {
  const names = [e.localName];
  for (const name of ['id', 'class', 'name', 'href']) names.push(attr(e, name) || '');
  return wordsOf(apart(names.join(' '))).join(' ');
};

function candidates(want) {
  const css = WHERE[want.role] ? WHERE[want.role] + ',' + TOUCHABLE : TOUCHABLE;
  const pool = new Set(query(document, css).slice(0, POOL_MAX));
  if (want.css) {
    const known = query(document, '[id],[class],[name]').slice(0, 4 * POOL_MAX);
    for (const e of known) pool.add(e);
  }
  const scored = [];
  for (const e of pool) {
    const own = want.css ? namesOf(e) : wordsOf(nameOf(e)).join(' ');
    let score = likeness(want.text, clip(own, 120));
    if (want.role && roleOf(e) === want.role) score += .3;
    if (score < (want.css ? .45 : .3)) continue;
    if (e.closest('main,form,dialog,[role=dialog]')) score += .1;
    if (e.closest('header,footer,nav')) score -= .1;
    if (!visible(e)) score -= .15;
    scored.push({ e, score });
  }
  return scored.sort((a, b) => b.score - a.score).map(one => one.e);
}

// What is most like the wanted, or else what a shopper can touch.
function near(parts) {
  let close = candidates(wanted(parts));
  for (const css of ['main button,main a[href]', 'button,a[href]']) {
    if (!close.length) close = query(document, css).filter(visible).slice(0, 50);
  }
  const seen = new Set(), out = [];
  for (const e of close) {
    const text = withState(e);
    if (seen.has(text) || out.length === NEAR_MAX) continue;
    seen.add(text);
    out.push(e);
  }
  return out;
}

// ---- DOM excerpt
const EXCERPT = 2500, VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;

// The markup without scripts, styles, drawings and secrets, cut at a size.
function markup(e, room, depth = 0) {
  if (room.left <= 0) return '';
  if (e.nodeType === 3) {
    const text = clip(squeeze(e.data), 200);
    room.left -= text.length;
    return text;
  }
  if (e.nodeType !== 1 || SILENT[e.nodeName]) return '';
  let open = '<' + e.localName;
  for (const a of e.attributes) {
    const secret = a.name === 'value' && /^(password|hidden)$/i.test(attr(e, 'type') || '');
    if (a.name === 'style' || a.name === 'srcset' || a.name === 'd') continue;
    const value = secret ? '…' : clip(squeeze(a.value), 80);
    open += value ? ` ${a.name}="${value}"` : ` ${a.name}`;
  }
  open += '>';
  room.left -= open.length;
  if (e.localName === 'svg' || depth > 30) return open + '…</' + e.localName + '>';
  let inner = '', block = false;
  for (const child of childrenOf(e)) {
    const text = markup(child, room, depth + 1);
    if (!text) continue;
    block = block || child.nodeType === 1;
    inner += child.nodeType === 1 ? '\n' + '  '.repeat(depth + 1) + text : text;
    if (room.left <= 0) { inner += ' …'; break; }
  }
  if (VOID.test(e.localName)) return open;
  return open + inner + (block ? '\n' + '  '.repeat(depth) : '') + `</${e.localName}>`;
}

function excerpt(e) {
  let around = e || document.body || document.documentElement;
  if (!around) return '';
  for (let up = e && parentOf(e); up && up !== document.body; up = parentOf(up)) {
    if (up.querySelectorAll('*').length >= 25) break;
    around = up;
  }
  return markup(around, { left: EXCERPT });
}

// The evidence of a failure: what was seen last (a: {parts, why}), and what the page looks like.
function explain(a) {
  const last = kit.last, seen = last.parts === JSON.stringify(a.parts) ? last : {};
  const found = resolve(a.parts), close = found.some(visible) ? [] : near(a.parts);
  const hidden = found.length ? 0 : resolve(a.parts, true).length;
  const e = seen.e && seen.e.isConnected ? seen.e : found[0];
  return {
    ok: false, why: hidden ? 'hidden' : a.why, matched: found.length || hidden,
    element: e ? describe(e) : undefined, explained: true,
    by: seen.by ? describe(seen.by) : undefined, near: close.map(withState),
    dom: excerpt(e || close[0]),
  };
}
