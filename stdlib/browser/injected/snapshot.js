// What a page shows to a person, element by element, for comparing it with what it showed before.
// Of the second script.

const SHOWN = 'a[href],button,summary,input,select,textarea,h1,h2,h3,h4,h5,h6,img,svg,nav,main,' +
  'header,footer,form,section,dialog,[role]';
const SHOWN_ROLES = new Set(('banner button checkbox combobox complementary contentinfo dialog ' +
  'form heading img link listbox main navigation radio region search searchbox slider spinbutton ' +
  'switch tab textbox').split(' '));
const NAMELESS = new Set('banner contentinfo main navigation search'.split(' '));
const ELEMENTS_MAX = 400, NAME_MAX = 80, PICTURE_MIN = 24;

// A class or two of those that say what it is, not how it looks at the moment.
function shortSelector(e) {
  const id = attr(e, 'id'), name = attr(e, 'name');
  if (id && !/\d{4}/.test(id)) return e.localName + '#' + id;
  if (name) return `${e.localName}[name="${clip(name, 40)}"]`;
  return e.localName + [...e.classList].slice(0, 2).map(one => '.' + one).join('');
}

// What stays the same when the words of an element change.
function keyOf(e) {
  const link = e.localName === 'a' && attr(e, 'href');
  if (link) return link.replace(/[?#].*$/, '');
  return attr(e, 'data-testid') || attr(e, 'name') || attr(e, 'id') || '';
}

const placeOf = box => ({ x: Math.round(box.left + scrollX), y: Math.round(box.top + scrollY),
  width: Math.round(box.width), height: Math.round(box.height) });

const staysPut = e => {
  for (let up = e; up; up = parentOf(up)) {
    if (/fixed|sticky/.test(getComputedStyle(up).position)) return true;
  }
  return false;
};

function drawn(e, box) {
  return visible(e) && e.checkVisibility({ opacityProperty: true })
    && !/^rect\(0px[, ]+0px[, ]+0px[, ]+0px\)/.test(getComputedStyle(e).clip)
    && box.right + scrollX > 1 && box.left + scrollX < document.documentElement.clientWidth - 1
    && box.bottom + scrollY > 0;
}

const outOfScreen = (x, y) => x < 0 || y < 0 || x >= innerWidth || y >= innerHeight;

// Who lies over the middle of e where a person would touch it; undefined: nobody.
function coveredBy(e) {
  const middle = () => {
    const box = e.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const from = { left: scrollX, top: scrollY, behavior: 'instant' };
  const away = outOfScreen(...middle());
  if (away) e.scrollIntoView({ block: 'center', behavior: 'instant' });
  const at = middle(), top = outOfScreen(...at) ? null : deepestAt(...at);
  if (away) scrollTo(from);
  if (!top || holds(e, top) || holds(top, e)) return undefined;
  let by = top; // its outermost box that lies over e, not a glyph inside of it
  while (parentOf(by) && !holds(parentOf(by), e)) by = parentOf(by);
  const text = squeeze(by.innerText || '');
  return text ? `“${clip(text, 60)}”` : describe(by);
}

function entryOf(e, role, box) {
  const out = { role, name: clip(nameOf(e), NAME_MAX), key: clip(keyOf(e), NAME_MAX),
    selector: clip(shortSelector(e), NAME_MAX), ...placeOf(box) };
  if (disabled(e)) out.disabled = true;
  if (e.localName === 'img' && e.complete && !e.naturalWidth && attr(e, 'src')) out.broken = true;
  return out;
}

// a: {keys: [{kind, lists: [parts]}], masks: [parts]}
function snapshot(a) {
  const masked = (a.masks || []).flatMap(parts => resolve(parts));
  const hidden = e => masked.some(one => holds(one, e));
  const kinds = new Map();
  for (const { kind, lists } of a.keys || []) {
    for (const parts of lists) {
      const e = resolve(parts).find(one => drawn(one, one.getBoundingClientRect()));
      if (e && !kinds.has(e)) { kinds.set(e, kind); break; }
    }
  }
  const elements = [], found = new Set([...kinds.keys(), ...query(document, SHOWN)]);
  for (const e of found) {
    const kind = kinds.get(e), role = roleOf(e) || e.localName;
    if (!kind && (!SHOWN_ROLES.has(role) || elements.length >= ELEMENTS_MAX)) continue;
    const box = e.getBoundingClientRect();
    if (!drawn(e, box) || hidden(e)) continue;
    const entry = entryOf(e, role, box);
    if (!kind && !entry.name && !NAMELESS.has(role)) continue;
    const small = role === 'img' && Math.min(box.width, box.height) < PICTURE_MIN;
    if (small && !entry.broken) continue;
    if (kind) Object.assign(entry, { kind, covered: coveredBy(e), fixed: staysPut(e) });
    elements.push(entry);
  }
  const root = document.documentElement;
  return { ok: true, value: { elements,
    masks: masked.filter(visible).map(e => placeOf(e.getBoundingClientRect())),
    width: innerWidth, height: innerHeight, page_width: root.clientWidth,
    page_height: Math.max(root.scrollHeight, document.body ? document.body.scrollHeight : 0) } };
}
