// What can be asked from outside: nano.<name>(argument) gives a promise of plain data.

const STATES = {
  attached: found => found.length > 0, detached: found => !found.length,
  visible: found => found.some(visible), hidden: found => !found.some(visible),
};

const READ = {
  text: e => squeezeLines(e.innerText === undefined ? e.textContent : e.innerText),
  html: e => e.innerHTML,
  value: e => e.value === undefined ? null : e.value,
  attribute: (e, name) => attr(e, name),
};
function squeezeLines(text) {
  return text.split('\n').map(squeeze).join('\n').replace(/\n{3,}/g, '\n\n').trim();
}

// Bad CSS is the script's mistake, not the page's: told apart by `usage`.
const guarded = fn => async a => {
  try {
    return await fn(a);
  } catch (problem) {
    if (problem && problem.name === 'SyntaxError') return { usage: String(problem.message) };
    throw problem;
  }
};

// What was seen last, for the second script, which finds the words for it.
const failed = (parts, seen) => {
  nano.kit.last = { e: seen.e, by: seen.by, parts: JSON.stringify(parts) };
  return { ok: false, why: seen.why, vitals: topVitals() };
};
const topVitals = () => window === window.top ? vitalsNow() : undefined;

const atOnce = fn => guarded(async a => ({ ok: true, value: fn(resolve(a.parts), a) }));

const nano = {
  // a: {parts, needs, limit, arm, focus, select, where}
  target: guarded(async a => {
    const seen = await target(a.parts, a.needs, a.limit);
    if (!seen.ok) return failed(a.parts, seen);
    const out = { ok: true, x: seen.x, y: seen.y, vitals: topVitals() };
    if (a.needs.editable) out.how = editable(seen.e);
    if (a.where) Object.assign(out, places(seen.e)[0]);
    if (a.focus && !focusOn(seen.e)) return failed(a.parts, { why: 'unfocusable', e: seen.e });
    if (a.select) selectAll(seen.e);
    if (a.arm) arm(seen.e);
    return out;
  }),
  // a: {parts, state, limit}
  state: guarded(async a => {
    const seen = await until(a.limit, () => {
      const found = resolve(a.parts);
      return { ok: STATES[a.state](found), e: found.find(visible) || found[0],
        why: found.length ? (found.some(visible) ? 'visible' : 'hidden') : 'missing' };
    });
    return seen.ok ? { ok: true } : failed(a.parts, seen);
  }),
  // a: {parts, limit, read, argument}: of the first visible match, or the first
  read: guarded(async a => {
    const seen = await until(a.limit, () => {
      const found = resolve(a.parts), e = found.find(visible) || found[0];
      return { ok: !!e, e, why: 'missing' };
    });
    if (!seen.ok) return failed(a.parts, seen);
    const value = READ[a.read](seen.e, a.argument);
    return { ok: true, value: value === null ? undefined : value };
  }),
  // Of what matches now. all: {parts, read, argument}; those that have nothing are left out.
  all: atOnce((found, a) =>
    found.map(e => READ[a.read](e, a.argument)).filter(value => value !== null)),
  count: atOnce(found => found.length),
  shown: atOnce(found => found.some(visible)),
  // a: {lists: [parts]}: the index of the first with something visible, or -1
  first: guarded(async a =>
    ({ ok: true, value: a.lists.findIndex(parts => resolve(parts).some(visible)) })),
  enabled: atOnce(found => found.filter(visible).slice(0, 1).some(e => !disabled(e))),
  // a: {parts, wait, seen}; wait: how long a finger's click may take to come
  landed: async a => {
    if (a.wait) await until(a.wait, () => ({ ok: !watch || watch.isOver() }));
    return landed(a.parts, a.seen);
  },
  filled: async () => {
    const e = focused();
    return { ok: true, empty: !e || !valueOf(e) };
  },
  set: guarded(async a => setValue(a.parts, a.value)),
  vitals: async a => ({ ok: true, value: a.limit ? await vitals(a.limit) : vitalsNow() }),
  content: async () => {
    const type = document.doctype ? `<!DOCTYPE ${document.doctype.name}>` : '';
    const root = document.documentElement;
    return { ok: true, value: type + (root ? root.outerHTML : '') };
  },
  title: async () => ({ ok: true, value: document.title }),
};
nano.kit = {
  attr, squeeze, clip, now, parentOf, childrenOf, visible, query, SILENT, deepestAt, holds, tagText,
  roleOf, WHERE, nameOf, disabled, resolve, nextFrame, change, until, guarded, vitals, vitalsNow,
  places, onScreen, reaches, shadowsIn, seenVitals, observers, keepEntries, ms, last: {},
};
globalThis.__nano = nano;
