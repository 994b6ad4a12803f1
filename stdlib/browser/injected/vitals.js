// Web vitals of this document, as web-vitals defines them: LCP until the first input, CLS as the
// worst session window (at most 5 s, gaps under 1 s) of shifts without recent input.

const seenVitals = { lcp: {}, cls: 0, fcp: undefined };
let window5 = 0, windowFirst = 0, windowLast = 0;
const ms = value => Math.round(value * 10) / 10;

function keepEntries(entries) {
  for (const entry of entries) {
    if (entry.entryType === 'largest-contentful-paint') {
      seenVitals.lcp = {
        ms: ms(entry.startTime), url: entry.url ? clip(entry.url, 300) : undefined,
        element: entry.element ? tagText(entry.element) : undefined,
      };
    } else if (entry.entryType === 'layout-shift' && !entry.hadRecentInput) {
      const joined = entry.startTime - windowLast < 1000 && entry.startTime - windowFirst < 5000;
      window5 = joined ? window5 + entry.value : entry.value;
      if (!joined) windowFirst = entry.startTime;
      windowLast = entry.startTime;
      seenVitals.cls = Math.max(seenVitals.cls, window5);
    } else if (entry.name === 'first-contentful-paint') seenVitals.fcp = ms(entry.startTime);
  }
}

const observers = [];
if (window === window.top) {
  for (const type of ['largest-contentful-paint', 'layout-shift', 'paint']) {
    const observer = new PerformanceObserver(list => keepEntries(list.getEntries()));
    observer.observe({ type, buffered: true });
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

// Waits until the page has loaded and its largest element is known, each only so long.
async function vitals(limit) {
  const end = now() + limit;
  while (document.readyState !== 'complete' && now() < end) await change(end);
  const paint = Math.min(end, now() + 500);
  while (!vitalsNow().lcp_ms && now() < paint) await nextFrame();
  await nextFrame();
  return vitalsNow();
}
