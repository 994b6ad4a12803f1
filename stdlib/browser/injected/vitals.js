// Web vitals of this document, as web-vitals defines them: LCP until the first input, CLS as the
// worst session window (at most 5 s, gaps under 1 s) of shifts without recent input. Chromium's
// hadRecentInput does not serve: emulating a screen's size counts as input for half a second.

const KEEP = 200;
const seenVitals = { lcp: {}, cls: 0, fcp: undefined, shifts: [], events: [], input: 0 };
let lastInput = -Infinity, worth = 0, opened, last;
const ms = value => Math.round(value * 10) / 10;

function keepEntries(entries) {
  for (const entry of entries) {
    if (entry.entryType === 'largest-contentful-paint') {
      seenVitals.lcp = {
        ms: ms(entry.startTime), size: entry.size, url: entry.url ? clip(entry.url,
          300) : undefined,
        element: entry.element ? tagText(entry.element) : undefined,
      };
    } else if (entry.entryType === 'layout-shift' && entry.startTime - lastInput > 500) {
      const joined = entry.startTime - last < 1000 && entry.startTime - opened < 5000;
      worth = joined ? worth + entry.value : entry.value;
      if (!joined) opened = entry.startTime;
      last = entry.startTime;
      seenVitals.cls = Math.max(seenVitals.cls, worth);
      if (seenVitals.shifts.length < KEEP) seenVitals.shifts.push(entry);
    } else if (entry.interactionId && seenVitals.events.length < KEEP) {
      seenVitals.events.push(entry);
    } else if (entry.name === 'first-contentful-paint') seenVitals.fcp = ms(entry.startTime);
  }
}

const observers = [];
if (window === window.top) {
  for (const type of ['pointerdown', 'keydown']) {
    addEventListener(type, event => { seenVitals.input = lastInput = event.timeStamp; }, true);
  }
  for (const type of ['largest-contentful-paint', 'layout-shift', 'paint', 'event']) {
    const observer = new PerformanceObserver(list => keepEntries(list.getEntries()));
    observer.observe({ type, buffered: true, durationThreshold: 16 });
    observers.push(observer);
  }
}

function vitalsNow() {
  for (const observer of observers) keepEntries(observer.takeRecords());
  const nav = performance.getEntriesByType('navigation')[0] || {}, lcp = seenVitals.lcp;
  const time = value => value > 0 ? ms(value) : undefined;
  return {
    url: location.href, ttfb_ms: time(nav.responseStart), fcp_ms: seenVitals.fcp, lcp_ms: lcp.ms,
    lcp_element: lcp.element, lcp_url: lcp.url, cls: Math.round(seenVitals.cls * 1e4) / 1e4,
    dom_content_loaded_ms: time(nav.domContentLoadedEventEnd), load_ms: time(nav.loadEventEnd),
    transfer_bytes: nav.transferSize,
  };
}

// A picture that has just come counts only once it is painted: is one to be seen that is larger
// than what has been reported?
function lcpPending() {
  const cut = (from, to, max) => Math.max(0, Math.min(max, to) - Math.max(0, from));
  return [...document.images].some(image => {
    const box = image.getBoundingClientRect(), { naturalWidth, naturalHeight } = image;
    const seen = cut(box.left, box.right, innerWidth) * cut(box.top, box.bottom, innerHeight);
    return image.complete
      && Math.min(seen, naturalWidth * naturalHeight) > 1.1 * (seenVitals.lcp.size || 0);
  });
}

// Waits until the page has loaded and its largest element is known, each only so long.
async function vitals(limit) {
  const end = now() + limit;
  while (document.readyState !== 'complete' && now() < end) await change(end);
  const paint = Math.min(end, now() + 500);
  while ((!vitalsNow().lcp_ms || lcpPending()) && now() < paint) await nextFrame();
  await nextFrame();
  return vitalsNow();
}
