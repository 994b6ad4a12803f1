// Vitals that need sums over what happened: INP, TBT, the elements that moved; since the last time
// that a step was ended, or since the document began. The third script.

const tasks = [];
const taskWatch = new PerformanceObserver(list => tasks.push(...list.getEntries()));
taskWatch.observe({ type: 'longtask', buffered: true });
let stepBegan = 0;

// A short CSS selector by which a developer finds the element again.
function selectorOf(e) {
  const parts = [];
  for (let up = e; up && up.nodeType === 1 && parts.length < 4; up = parentOf(up)) {
    const id = attr(up, 'id');
    if (id && !/\d{4}/.test(id)) { parts.unshift('#' + CSS.escape(id)); break; }
    let part = up.localName;
    const names = [...up.classList].filter(name => !/\d{3}/.test(name)).slice(0, 2);
    for (const name of names) part += '.' + CSS.escape(name);
    const twins = up.parentElement
      ? [...up.parentElement.children].filter(c => c.localName === up.localName) : [];
    if (!names.length && twins.length > 1) part += `:nth-of-type(${twins.indexOf(up) + 1})`;
    parts.unshift(part);
    if (/^(body|main|html)$/.test(up.localName)) break;
  }
  return parts.join(' > ');
}

// The worst interaction, leaving out one in fifty, as INP is defined.
function worstInteraction(since) {
  const byId = new Map();
  for (const entry of seenVitals.events) {
    const known = byId.get(entry.interactionId);
    if (entry.startTime < since || known && known.duration >= entry.duration) continue;
    byId.set(entry.interactionId, entry);
  }
  const all = [...byId.values()].sort((a, b) => b.duration - a.duration);
  return all[Math.min(all.length - 1, Math.floor(all.length / 50))];
}

function movedSince(since) {
  const found = new Map();
  for (const entry of seenVitals.shifts) {
    if (entry.startTime < since) continue;
    for (const source of entry.sources || []) {
      const node = source.node, e = node && (node.nodeType === 1 ? node : node.parentElement);
      if (!e) continue;
      const selector = selectorOf(e), known = found.get(selector);
      if (known) { known.value += entry.value; continue; }
      found.set(selector, { selector, element: tagText(e), value: entry.value,
        from_y: Math.round(source.previousRect.y), to_y: Math.round(source.currentRect.y) });
    }
  }
  return [...found.values()].sort((a, b) => b.value - a.value).slice(0, 5)
    .map(one => ({ ...one, value: Math.round(one.value * 1e4) / 1e4 }));
}

// Chromium tells of an interaction once its frame has been shown; of a very quick one never.
const INPUT_MS = 400;
let waitedFor = 0;

async function lastInteraction() {
  const { input } = seenVitals;
  if (input === waitedFor) return;
  await until(INPUT_MS, () => {
    for (const observer of observers) keepEntries(observer.takeRecords());
    return { ok: seenVitals.events.some(entry => entry.startTime >= input - 1) };
  });
  waitedFor = input;
}

// a: {step}: only what happened since the last question with step
async function vitalsMore(a) {
  await lastInteraction();
  for (const observer of observers) keepEntries(observer.takeRecords());
  tasks.push(...taskWatch.takeRecords());
  const since = a.step ? stepBegan : 0, worst = worstInteraction(since);
  const long = tasks.filter(task => task.startTime >= since);
  const shifts = seenVitals.shifts.filter(entry => entry.startTime >= since);
  // Before the first paint there is nothing that a visitor could be kept from.
  const blocking = long.filter(task => task.startTime >= (seenVitals.fcp || 0));
  const out = {
    inp_ms: worst && ms(worst.duration), inp_event: worst && worst.name,
    inp_element: worst && worst.target ? selectorOf(worst.target) : undefined,
    tbt_ms: ms(blocking.reduce((sum, task) => sum + Math.max(0, task.duration - 50), 0)),
    long_tasks: long.length,
    longest_task_ms: long.length ? ms(Math.max(...long.map(task => task.duration))) : undefined,
    cls_sources: movedSince(since),
  };
  if (a.step) {
    out.cls = Math.round(shifts.reduce((sum, entry) => sum + entry.value, 0) * 1e4) / 1e4;
    stepBegan = performance.now();
  }
  return out;
}

// a: {limit, step}. The sums come after the wait, which lets the last interaction be painted.
nano.vitals_more = async a => {
  const found = await vitals(a.limit);
  return { ok: true, vitals: found, value: await vitalsMore(a) };
};
