// What the second script adds to what can be asked from outside (requests.js).

const pick = parts => {
  const found = resolve(parts);
  return found.find(visible) || found[0];
};
const fire = (e, type) => e.dispatchEvent(new Event(type, { bubbles: true, composed: true }));

// a: {parts, wanted: [{value} | {label} | {index} | {any}]}: chooses options as a shopper would.
function choose(a) {
  const e = pick(a.parts);
  if (!e || e.nodeName !== 'SELECT') return { why: 'not-select' };
  const options = [...e.options], chosen = [];
  for (const want of a.wanted) {
    const text = o => squeeze(o.label || o.textContent);
    const found = options.find((o, i) => want.index !== undefined ? i === want.index
      : want.value !== undefined ? o.value === want.value
        : want.label !== undefined ? text(o) === want.label
          : o.value === want.any || text(o) === want.any);
    if (!found || disabled(found)) {
      return { why: found ? 'option-disabled' : 'no-option', element: found && text(found),
        near: options.slice(0, 20).map(o => text(o) + (disabled(o) ? ' (disabled)' : '')) };
    }
    chosen.push(found);
  }
  if (chosen.length > 1 && !e.multiple) return { why: 'not-multiple' };
  if (options.some(o => o.selected !== chosen.includes(o))) {
    for (const o of options) o.selected = chosen.includes(o);
    fire(e, 'input');
    fire(e, 'change');
  }
  return { ok: true, value: chosen.map(o => o.value) };
}

// a: {parts}: whether a checkbox, radio or switch is on; undefined: it is none of them.
function checked(a) {
  let e = pick(a.parts);
  if (e && e.nodeName === 'LABEL' && e.control) e = e.control;
  if (!e) return { ok: true };
  if (/^(checkbox|radio)$/i.test(e.type)) return { ok: true, kind: e.type, value: e.checked };
  const state = attr(e, 'aria-checked');
  return { ok: true, kind: roleOf(e), value: state === null ? undefined : state === 'true' };
}

// e: an <iframe>; a: {parts, x, y}: where a point of what it holds is in the document around it.
async function place(e, a) {
  const at = () => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    // A transform scales what is inside as well.
    const sx = box.width / e.offsetWidth || 1, sy = box.height / e.offsetHeight || 1;
    return { x: box.left + (e.clientLeft + parseFloat(style.paddingLeft) + a.x) * sx,
      y: box.top + (e.clientTop + parseFloat(style.paddingTop) + a.y) * sy };
  };
  if (!onScreen(at())) {
    scrollBy({ left: at().x - innerWidth / 2, top: at().y - innerHeight / 2, behavior: 'instant' });
    await nextFrame();
  }
  const p = at(), hit = onScreen(p) && deepestAt(p.x, p.y);
  if (hit === e) return { ok: true, ...p };
  kit.last = { e, by: hit || undefined, parts: JSON.stringify(a.parts) };
  return { why: hit ? 'covered' : 'offscreen' };
}

// a: {parts, to, x, y, into}: scrolls to an element, an edge of the page or by so many pixels,
// within the element if there is one.
async function scroll(a) {
  const e = a.parts && pick(a.parts);
  if (a.parts && !e) return { why: 'missing' };
  const box = e && !a.into ? null : e || document.scrollingElement;
  if (!box) e.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
  else if (a.to) {
    box.scrollTo({ top: a.to === 'bottom' ? box.scrollHeight : 0, behavior: 'instant' });
  } else box.scrollBy({ left: a.x || 0, top: a.y || 0, behavior: 'instant' });
  await nextFrame();
  const at = box || document.scrollingElement;
  return { ok: true, value: { x: Math.round(at.scrollLeft), y: Math.round(at.scrollTop) } };
}

const storageOf = kind => kind === 'session' ? sessionStorage : localStorage;

Object.assign(nano, {
  hold: guarded(hold),
  release: async () => release(),
  boxes: guarded(async a => boxes(a)),
  snapshot: guarded(async a => snapshot(a)),
  // a: {kind}; a page without an origin has none
  stored: async a => {
    try { return { ok: true, value: { ...storageOf(a.kind) } }; } catch { return { ok: true }; }
  },
  // a: {kind, items: [{key, value}]}
  store: async a => {
    try {
      for (const { key, value } of a.items) {
        if (value === undefined) storageOf(a.kind).removeItem(key);
        else storageOf(a.kind).setItem(key, value);
      }
    } catch (problem) { return { why: String(problem) }; }
    return { ok: true };
  },
  explain: guarded(async a => explain(a)),
  look: guarded(async a => {
    const seen = a.parts ? explain({ ...a, why: 'missing' }) : { dom: excerpt(null) };
    return { ...seen, ok: true, title: document.title, vitals: vitalsNow() };
  }),
  choose: guarded(async a => choose(a)),
  checked: guarded(async a => checked(a)),
  place,
  scroll: guarded(scroll),
  // The element itself; asked without returnByValue.
  handle: a => pick(a.parts) || null,
});
