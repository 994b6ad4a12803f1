// Accessible role and name (WAI-ARIA, HTML-AAM, accname) as far as finding things in shops needs:
// what a screen reader would call a control. Not computed: text that CSS adds (::before),
// aria-owns.

const named = e => !!(attr(e, 'aria-label') || attr(e, 'aria-labelledby') || attr(e, 'title'));

const INPUT = {
  button: 'button', submit: 'button', reset: 'button', image: 'button', file: 'button',
  checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox',
  hidden: null, color: null, date: null, month: null, week: null, time: null,
  'datetime-local': null,
};
const linkRole = e => attr(e, 'href') !== null ? 'link' : 'generic';
// The header of an article is not the page's.
const ofPage = role => e =>
  e.parentElement.closest('article,aside,main,nav,section') ? 'generic' : role;
const ifNamed = role => e => named(e) ? role : 'generic';

const TAG = {
  A: linkRole, AREA: linkRole, ARTICLE: 'article', ASIDE: 'complementary', BUTTON: 'button',
  DETAILS: 'group', DIALOG: 'dialog', FIELDSET: 'group', FIGURE: 'figure',
  FOOTER: ofPage('contentinfo'), FORM: ifNamed('form'), HEADER: ofPage('banner'), HR: 'separator',
  IMG: e => attr(e, 'alt') === '' && !named(e) ? 'presentation' : 'img',
  INPUT: e => {
    const type = (attr(e, 'type') || 'text').toLowerCase();
    if (type in INPUT) return INPUT[type];
    return attr(e, 'list') !== null ? 'combobox' : 'textbox';
  },
  LI: 'listitem', MAIN: 'main', MENU: 'list', NAV: 'navigation', OL: 'list',
  OPTION: 'option', OUTPUT: 'status', P: 'paragraph', PROGRESS: 'progressbar',
  SECTION: ifNamed('region'),
  SELECT: e => e.multiple || e.size > 1 ? 'listbox' : 'combobox', SUMMARY: 'button', svg: 'img',
  TABLE: 'table', TD: 'cell', TEXTAREA: 'textbox', TH: 'columnheader', TR: 'row', UL: 'list',
};

function roleOf(e) {
  const given = (attr(e, 'role') || '').trim().toLowerCase().split(/\s+/)[0];
  if (given) return given === 'none' ? 'presentation' : given;
  const implied = /^H[1-6]$/.test(e.nodeName) ? 'heading' : TAG[e.nodeName];
  return typeof implied === 'function' ? implied(e) : implied || null;
}

// Where an element of a role can be found, so that a search need not look at every element.
const WHERE = {
  button: 'button,summary,input', link: 'a[href],area[href]', heading: 'h1,h2,h3,h4,h5,h6',
  img: 'img,svg', textbox: 'input,textarea', searchbox: 'input', combobox: 'select,input',
  checkbox: 'input', radio: 'input', spinbutton: 'input', slider: 'input', dialog: 'dialog',
  option: 'option', listbox: 'select', list: 'ul,ol,menu', listitem: 'li',
};

// Hidden from assistive technology: not drawn, or under aria-hidden.
function hiddenAria(e) {
  e = e.nodeName === 'OPTION' && e.closest('select') || e;
  if (!e.checkVisibility({ visibilityProperty: true })) {
    if (getComputedStyle(e).display !== 'contents') return true;
  }
  for (let up = e; up; up = parentOf(up)) if (attr(up, 'aria-hidden') === 'true') return true;
  return false;
}

const FROM_CONTENT = new RegExp('^(button|cell|checkbox|columnheader|gridcell|heading|link|' +
  'menuitem.*|option|radio|row|switch|tab|tooltip|treeitem)$');
const byIds = (e, ids) => (ids || '').split(/\s+/)
  .map(id => id && e.getRootNode().getElementById(id)).filter(Boolean);

const LABELLED = /^(INPUT|SELECT|TEXTAREA|BUTTON)$/;

// What HTML itself gives as the name; undefined: nothing does.
function nativeName(e, seen) {
  const tag = e.nodeName, type = (attr(e, 'type') || '').toLowerCase();
  if (tag === 'INPUT' && /^(button|submit|reset)$/.test(type)) {
    return e.value || { submit: 'Submit', reset: 'Reset' }[type];
  }
  if (tag === 'INPUT' && type === 'image') return attr(e, 'alt') || attr(e, 'title') || 'Submit';
  if (tag === 'IMG' || tag === 'AREA') return attr(e, 'alt') || undefined;
  if (LABELLED.test(tag) && e.labels && e.labels.length) {
    const text = [...e.labels].map(label => nameFrom(label, seen, true)).join(' ');
    if (text.trim()) return text;
  }
  const child = { FIELDSET: 'legend', FIGURE: 'figcaption', TABLE: 'caption', svg: 'title' }[tag];
  const inner = child && [...e.children].find(c => c.localName === child);
  return inner ? nameFrom(inner, seen, true) : undefined;
}

function contentName(e, seen) {
  let text = '';
  for (const child of childrenOf(e)) {
    if (child.nodeType === 3) text += child.data;
    else if (child.nodeName === 'BR') text += ' ';
    else if (child.nodeType === 1 && !SILENT[child.nodeName]) {
      const style = getComputedStyle(child);
      if (style.display === 'none' || style.visibility === 'hidden'
        || attr(child, 'aria-hidden') === 'true') {
        continue;
      }
      const inner = nameFrom(child, seen, true);
      const flows = style.display === 'inline' || style.display === 'contents';
      text += flows ? inner : ` ${inner} `;
    }
  }
  return text;
}

// inside: e is being read as a part of another element's name.
function nameFrom(e, seen, inside) {
  if (seen.has(e)) return '';
  seen.add(e);
  if (!inside || seen.size === 1) {
    const label = byIds(e, attr(e, 'aria-labelledby'))
      .map(ref => nameFrom(ref, seen, true)).join(' ');
    if (label.trim()) return label;
  }
  const own = attr(e, 'aria-label');
  if (own && own.trim()) return own;
  const native = nativeName(e, seen);
  if (native !== undefined) return native;
  if (inside && e.nodeName === 'SELECT') {
    return e.selectedOptions[0] ? e.selectedOptions[0].textContent : '';
  }
  if (inside && (e.nodeName === 'TEXTAREA' || e.nodeName === 'INPUT')) {
    return /^(text|search|number|range|email|tel|url|)$/.test(attr(e, 'type') || '') ? e.value : '';
  }
  if (inside || FROM_CONTENT.test(roleOf(e))) {
    const text = contentName(e, seen);
    if (text.trim()) return text;
  }
  return attr(e, 'title') || attr(e, 'placeholder') || '';
}

const nameOf = e => squeeze(nameFrom(e, new Set(), false));

const disabled = e => e.matches(':disabled') || !!e.closest('[aria-disabled=true]');

const tri = value => value === 'true' ? true : value === 'mixed' ? 'mixed' : false;
// [checked], [expanded] … of a role selector.
const STATE = {
  disabled, checked: e => e.nodeName === 'INPUT' ? e.checked : tri(attr(e, 'aria-checked')),
  expanded: e => e.nodeName === 'SUMMARY' ? e.parentElement.open : tri(attr(e, 'aria-expanded')),
  pressed: e => tri(attr(e, 'aria-pressed')),
  selected: e => e.nodeName === 'OPTION' ? e.selected : tri(attr(e, 'aria-selected')),
  level: e => +(attr(e, 'aria-level') || (/^H([1-6])$/.exec(e.nodeName) || [])[1] || 0),
};
