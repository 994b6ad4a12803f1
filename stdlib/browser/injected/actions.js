// Whether an element can be acted on, where to touch it, and whether the touch arrived.

const EDITABLE = /^(|text|search|email|tel|url|password|number)$/;
const SETTABLE = /^(date|time|month|week|datetime-local|color|range)$/;

function editable(e) {
  if (e.nodeName === 'INPUT') {
    if (e.readOnly) return false;
    // An unknown type is a text field: the property says so, the attribute does not.
    const type = (attr(e, 'type') || '').toLowerCase();
    return EDITABLE.test(type) || EDITABLE.test(e.type) ? 'type' : SETTABLE.test(type) && 'set';
  }
  if (e.nodeName === 'TEXTAREA') return !e.readOnly && 'type';
  return e.isContentEditable && 'type';
}

// Touching `hit` counts as touching e: it is in it, in the control around it, or in the label that
// belongs to it.
function reaches(hit, e) {
  if (holds(e, hit)) return true;
  const control = e.closest('button,a,[role=button],[role=link]');
  if (control && holds(control, hit)) return true;
  const label = hit.closest('label');
  return !!label && (label.control === e || holds(label, e));
}

const onScreen = p => p.x >= 0 && p.y >= 0 && p.x < innerWidth && p.y < innerHeight;

// Places to touch, the middle first; the others serve when a corner of something else lies over the
// middle.
function places(e) {
  const box = [...e.getClientRects()].find(r => r.width > 0 && r.height > 0)
    || e.getBoundingClientRect();
  const at = (fx, fy) => ({ x: box.left + box.width * fx, y: box.top + box.height * fy });
  return [at(.5, .5), at(.25, .5), at(.75, .5), at(.5, .25), at(.5, .75)];
}

const sameBox = (a, b) => ['x', 'y', 'width', 'height'].every(side => a[side] === b[side]);
// By round; in the first only what is out of sight is scrolled to.
const BLOCKS = ['center', 'center', 'end', 'start'];
const STILL_MS = 1000; // for something to come to rest, before it is looked for anew

// Whether e is where it was a frame ago; waits until it is.
async function still(e, end) {
  for (let before = e.getBoundingClientRect(); ;) {
    await nextFrame();
    const box = e.getBoundingClientRect();
    if (sameBox(before, box) || !e.isConnected) return true;
    if (now() > end) return false;
    before = box;
  }
}

// {ok, e, x, y} or {why, e}. needs: {enabled, editable, point}
async function ready(e, needs, round, end) {
  if (needs.enabled && disabled(e)) return { why: 'disabled', e };
  if (needs.editable && !editable(e)) return { why: 'readonly', e };
  if (!needs.point) return { ok: true, e };
  if (round || !onScreen(places(e)[0])) {
    e.scrollIntoView({ block: BLOCKS[round % 4], inline: 'nearest', behavior: 'instant' });
  }
  const rested = await still(e, Math.min(end, now() + STILL_MS));
  if (!e.isConnected) return { why: 'replaced', e };
  if (!rested) return { why: 'moving', e };
  const points = places(e).filter(onScreen);
  if (!points.length) return { why: 'offscreen', e };
  for (const p of points) {
    const hit = deepestAt(p.x, p.y);
    if (hit && reaches(hit, e)) {
      return { ok: true, e, x: Math.round(p.x * 10) / 10, y: Math.round(p.y * 10) / 10 };
    }
  }
  return { why: 'covered', e, by: deepestAt(points[0].x, points[0].y) };
}

// Waits for the first visible match that is ready.
function target(parts, needs, limit) {
  const end = now() + limit;
  let middle = null; // what lay over it in the middle: at the edges a sticky header may, too
  return until(limit, async round => {
    const found = resolve(parts);
    let e = found.find(visible);
    // Themes hide the box of a checkbox and show its label.
    if (!e && needs.label) e = found.flatMap(one => [...one.labels || []]).find(visible);
    if (!e) return { why: found.length ? 'hidden' : 'missing', e: found[0] };
    if (needs.editable && e.nodeName === 'LABEL' && e.control) e = e.control;
    const state = await ready(e, needs, round, end);
    if (state.why !== 'covered') return state;
    if (BLOCKS[round % 4] === 'center') middle = state;
    return middle && middle.e === e ? middle : state;
  });
}

// ---- did the touch arrive? Events that would hit another element are swallowed, and the action is
// tried again.
const TOUCHES = ['pointerdown', 'mousedown', 'touchstart', 'pointerup', 'mouseup', 'touchend',
  'click', 'dblclick', 'contextmenu', 'auxclick'];
let watch = null;

function arm(e) {
  if (watch) watch.stop();
  const mine = watch = { e, by: null, seen: false, last: null };
  mine.isOver = () => mine.last && (mine.last.type === 'click' || mine.last.defaultPrevented);
  const on = event => {
    if (!event.isTrusted) return;
    const hit = event.composedPath()[0];
    if (!mine.seen && hit.nodeType === 1 && !reaches(hit, e)) mine.by = hit;
    mine.seen = true;
    mine.last = event;
    if (mine.by) { event.preventDefault(); event.stopImmediatePropagation(); }
  };
  for (const type of TOUCHES) window.addEventListener(type, on, { capture: true, passive: false });
  mine.stop = () => {
    for (const type of TOUCHES) window.removeEventListener(type, on, { capture: true });
  };
}

// seen: nothing at all counts as missed. A frame in another process is where the browser drew it
// last: an event may pass it by.
function landed(parts, seen) {
  const was = watch;
  if (!was) return { ok: true };
  was.stop();
  watch = null;
  if (was.by) return failed(parts, { why: 'covered', e: was.e, by: was.by });
  return seen && !was.seen ? failed(parts, { why: 'missed', e: was.e }) : { ok: true };
}

// ---- what the actions do in the page
function focused() {
  let e = document.activeElement;
  while (e && e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement;
  return e;
}

function focusOn(e) {
  e.focus({ preventScroll: true });
  return (e.getRootNode().activeElement === e) || holds(e, document.activeElement);
}

function selectAll(e) {
  if (e.select) return e.select();
  const range = document.createRange();
  range.selectNodeContents(e);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// Types that have no keyboard form (a date, a colour) are set as their pickers would.
function setValue(parts, value) {
  const e = resolve(parts).find(visible);
  if (!e) return { why: 'missing' };
  e.value = value;
  e.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
  e.dispatchEvent(new Event('change', { bubbles: true }));
  return e.value === value ? { ok: true } : { why: 'rejected' };
}

const valueOf = e => e.isContentEditable ? e.textContent : e.value;
