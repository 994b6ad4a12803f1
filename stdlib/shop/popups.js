// Finds what pops up over a page (a newsletter's form, a spinning wheel, a country question) and
// marks its close button, for stdlib/shop/popups.lua. Gives {there, close}: a pop-up is there; it
// has a button to close it. What belongs to buying (a cart drawer, the product's form) is none.
mark => {
  const BUYING = '[name="checkout"], a[href*="/checkout"], form[action*="/cart"], [name="add"]';
  const LABELLED = ['aria-label', 'title', 'class', 'id', 'data-testid', 'data-action']
    .map(name => ['close', 'dismiss', 'schlie', 'fermer', 'cerrar', 'chiudi', 'sluit']
      .map(word => `[${name}*="${word}" i]`)).flat().join(', ');
  const WORDS = new RegExp('^(no,? thanks?( you)?|not now|maybe later|close|dismiss|skip|[×✕✖✗xX]'
    + '|nein,? danke|schließen|später|non,? merci|fermer|plus tard|no,? gracias|cerrar|no,? grazie'
    + '|chiudi|nee,? bedankt|sluiten)$', 'i');
  const shown = e => {
    const box = e.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight
      && box.right > 0 && box.left < innerWidth
      && (!e.checkVisibility || e.checkVisibility({ visibilityProperty: true }));
  };
  const inner = (root, found = []) => {
    for (const e of root.querySelectorAll('*')) {
      found.push(e);
      if (e.shadowRoot) inner(e.shadowRoot, found);
    }
    return found;
  };
  const up = e => e.parentElement || (e.getRootNode().host || null);
  const at = (x, y) => {
    let e = document.elementFromPoint(x, y);
    while (e && e.shadowRoot && e.shadowRoot.elementFromPoint(x, y) !== e
      && e.shadowRoot.elementFromPoint(x, y)) e = e.shadowRoot.elementFromPoint(x, y);
    return e;
  };
  // Headers, chat buttons and bars of the theme hide little.
  const isLarge = e => {
    const box = e.getBoundingClientRect();
    return box.width * box.height >= innerWidth * innerHeight * 0.2;
  };
  // The outermost large thing around a point that does not scroll with the page.
  const layer = e => {
    let found = null;
    for (; e && e !== document.body && e !== document.documentElement; e = up(e))
      if (isLarge(e) && (getComputedStyle(e).position === 'fixed'
        || e.matches('dialog[open], [aria-modal="true"]'))) found = e;
    return found;
  };

  for (const old of inner(document)) old.removeAttribute(mark);
  const layers = new Set();
  for (const x of [0.1, 0.5, 0.9]) for (const y of [0.15, 0.35, 0.5, 0.65, 0.85, 0.95]) {
    const found = layer(at(innerWidth * x, innerHeight * y));
    if (found && !found.querySelector(BUYING)) layers.add(found);
  }
  for (const one of layers) {
    const parts = inner(one.shadowRoot || one).concat(inner(one)).filter(shown);
    const close = parts.find(e => e.matches('button, a, [role="button"], [tabindex], svg, span')
      && e.matches(LABELLED) && !e.matches('input, form'))
      || parts.find(e => e.matches('button, a, [role="button"]')
        && WORDS.test(e.textContent.trim()));
    if (!close) continue;
    (close.closest('button, a, [role="button"]') || close).setAttribute(mark, '');
    return { there: true, close: true };
  }
  return { there: layers.size > 0, close: false };
}
