// Holding a page still for a picture, and letting it go on. Of the second script.

let held = null;

const settle = (promise, limit) =>
  Promise.race([promise, new Promise(done => setTimeout(done, limit))]);

function loading() {
  return [...document.images].filter(image => {
    const box = image.getBoundingClientRect();
    return !image.complete && (box.width > 0 || box.height > 0);
  });
}

// Lazy sections load when they come into view: goes down screen by screen, and back.
async function scrollThrough(end) {
  const from = { left: scrollX, top: scrollY, behavior: 'instant' };
  for (let y = 0, n = 0; y < document.documentElement.scrollHeight && n < 60; n++) {
    scrollTo({ top: y, behavior: 'instant' });
    y += innerHeight;
    await nextFrame();
    await nextFrame();
    if (now() > end) break;
  }
  scrollTo(from);
  await until(Math.max(0, end - now()), () => ({ ok: !loading().length }));
}

// a: {limit, through}: stops animations and carets, waits for fonts and pictures.
async function hold(a) {
  const end = now() + a.limit;
  if (a.through) await scrollThrough(end);
  await settle(document.fonts.ready, Math.max(0, end - now()));
  release();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('*,*::before,*::after{caret-color:transparent!important;' +
    'scroll-behavior:auto!important}');
  const roots = [document, ...shadowsIn(document)];
  for (const root of roots) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  const paused = [];
  for (const animation of document.getAnimations()) {
    if (animation.playState !== 'running') continue;
    try {
      // What ends is shown at its end; what goes round is shown at its beginning.
      if (animation.effect.getComputedTiming().endTime === Infinity) {
        animation.pause();
        animation.currentTime = 0;
        paused.push(animation);
      } else animation.finish();
    } catch { animation.pause(); paused.push(animation); }
  }
  held = { sheet, roots, paused };
  await nextFrame();
  const root = document.documentElement;
  return { ok: true, value: { width: root.clientWidth, ratio: devicePixelRatio, x: scrollX,
    y: scrollY,
    height: Math.max(root.scrollHeight, document.body ? document.body.scrollHeight : 0) } };
}

function release() {
  if (!held) return { ok: true };
  for (const root of held.roots) {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter(one => one !== held.sheet);
  }
  for (const animation of held.paused) animation.play();
  held = null;
  return { ok: true };
}

// a: {lists: [parts]}: where all visible matches are in the document, in CSS pixels.
function boxes(a) {
  const out = [];
  for (const parts of a.lists) {
    for (const e of resolve(parts)) {
      const box = visible(e) && e.getBoundingClientRect();
      if (box && out.length < 500) {
        out.push({ x: box.left + scrollX, y: box.top + scrollY, width: box.width,
          height: box.height });
      }
    }
  }
  return { ok: true, value: out, x: scrollX, y: scrollY };
}
