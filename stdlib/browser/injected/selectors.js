// Selectors. They are parsed in Lua (selector.lua), here they are lists of [engine, argument]. An
// engine gives the matches below a root; nth and visible choose among those found so far. Another
// engine is one more entry in `engines`.

// how: {exact: text, fold: bool} | {part: text} | {regex: source, flags: "i"}
function matcher(how) {
  if (how.regex !== undefined) {
    const re = new RegExp(how.regex, how.flags.replace(/[gy]/g, ''));
    return text => re.test(text);
  }
  if (how.part !== undefined) {
    const part = squeeze(how.part).toLowerCase();
    return text => text.toLowerCase().includes(part);
  }
  const wanted = how.fold ? squeeze(how.exact).toLowerCase() : squeeze(how.exact);
  return text => (how.fold ? text.toLowerCase() : text) === wanted;
}

// While a failure is explained, role= finds hidden elements too.
let showHidden = false;

const ofAttributes = (root, names, how) => {
  const fits = matcher(how), css = names.map(name => `[${name}]`).join();
  return query(root, css).filter(e => names.some(name => fits(squeeze(attr(e, name) || ''))));
};
const CONTROLS = 'input,select,textarea,button,[aria-label],[aria-labelledby]';

const engines = {
  css: (root, css) => query(root, css),

  // The innermost elements whose text matches.
  text(root, how) {
    const fits = matcher(how), cache = new Map(), found = [];
    for (const e of query(root, '*')) {
      if (SILENT[e.nodeName] || !fits(squeeze(textOf(e, cache)))) continue;
      let inner = false;
      for (const child of childrenOf(e)) {
        if (child.nodeType === 1 && !SILENT[child.nodeName]
          && fits(squeeze(textOf(child, cache)))) {
          inner = true;
        }
      }
      if (!inner) found.push(e);
    }
    return found;
  },

  role(root, how) {
    const fits = how.name && matcher(how.name), found = [];
    for (const e of query(root, WHERE[how.role] ? WHERE[how.role] + ',[role]' : '*')) {
      if (roleOf(e) !== how.role) continue;
      if (Object.entries(how.state).some(([name, value]) => STATE[name](e) !== value)) continue;
      if (!how.hidden && !showHidden && hiddenAria(e)) continue;
      if (!fits || fits(nameOf(e))) found.push(e);
    }
    return found;
  },

  label(root, how) {
    const fits = matcher(how), cache = new Map();
    return query(root, CONTROLS).filter(e =>
      [...e.labels || [], ...byIds(e, attr(e, 'aria-labelledby'))]
        .some(label => fits(squeeze(textOf(label, cache)))) ||
        fits(squeeze(attr(e, 'aria-label') || '')));
  },
  placeholder: (root, how) => ofAttributes(root, ['placeholder'], how),
  testid: (root, how) => ofAttributes(root, ['data-testid', 'data-test-id', 'data-test'], how),
  xpath(root, path) {
    if (root !== document && path[0] === '/') path = '.' + path;
    const all = document.evaluate(path, root, null, 7, null), found = [];
    for (let i = 0; i < all.snapshotLength; i++) {
      if (all.snapshotItem(i).nodeType === 1) found.push(all.snapshotItem(i));
    }
    return found;
  },
};

const withText = (found, how, wanted) => {
  const fits = matcher(how), cache = new Map();
  return found.filter(e => fits(squeeze(textOf(e, cache))) === wanted);
};

const filters = {
  nth: (found, n) => found.slice(n < 0 ? found.length + n : n).slice(0, 1),
  visible: (found, wanted) => found.filter(e => visible(e) === wanted),
  'has-text': (found, how) => withText(found, how, true),
  'has-not-text': (found, how) => withText(found, how, false),
};

function resolve(parts, hiddenToo = false) {
  let found = [document];
  showHidden = hiddenToo;
  for (const [engine, argument] of parts) {
    if (filters[engine]) found = filters[engine](found, argument);
    else {
      const next = new Set();
      for (const root of found) for (const e of engines[engine](root, argument)) next.add(e);
      found = [...next];
    }
  }
  return found;
}
