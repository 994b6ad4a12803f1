// Waiting without asking from outside: a look at the page after each change that is drawn, and now
// and then for what no mutation tells of (styles, values, closed shadow roots).

const LOOK_MS = 100;
const CHANGES = { subtree: true, childList: true, attributes: true, characterData: true };

// Calls then once, in the next frame; a page that draws nothing still goes on.
function frame(then) {
  let id = 0, timer = 0;
  const once = () => { cancelAnimationFrame(id); clearTimeout(timer); then(); };
  id = requestAnimationFrame(once);
  timer = setTimeout(once, 250);
}
const nextFrame = () => new Promise(frame);

// Resolves a frame after the next change of the document, or after LOOK_MS.
function change(end) {
  return new Promise(done => {
    let seen = false, timer = 0;
    const finish = () => { observer.disconnect(); clearTimeout(timer); done(); };
    const observer = new MutationObserver(() => { if (!seen) { seen = true; frame(finish); } });
    observer.observe(document, CHANGES);
    timer = setTimeout(finish, Math.max(0, Math.min(LOOK_MS, end - now())));
  });
}

// Calls look until it gives {ok: true, …}; after `limit` ms resolves with what look gave last.
async function until(limit, look) {
  const end = now() + limit;
  for (let round = 0; ; round++) {
    const seen = await look(round);
    if (seen.ok || now() >= end) return seen;
    await change(end);
  }
}
