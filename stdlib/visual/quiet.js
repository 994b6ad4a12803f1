// Makes a page as quiet as for a visitor who has answered what pops up, for stdlib/visual/shots.lua:
// chats and banners hidden, a dialog in the middle of the screen closed by its own button.
async ({ hide }) => {
  for (const css of hide) {
    try { document.querySelector(css); } catch { return { wrong: css }; }
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(hide.map(css => css + ' { display: none !important }').join('\n'));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  const CLOSE = /^(close|dismiss|no,? thanks?|not now|×|✕|✖|x|schlie(ss|ß)en|fermer|cerrar|chiudi|sluiten|luk|stäng|閉じる)\b|^[×✕✖]$/i;
  const shown = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const label = e => (e.getAttribute('aria-label') || e.title || e.textContent || '').trim();
  const inTheWay = e => {
    const box = e.getBoundingClientRect();
    return shown(e) && box.width * box.height > 0.1 * innerWidth * innerHeight
      && box.left < innerWidth / 2 && box.right > innerWidth / 2
      && box.top < innerHeight && box.bottom > 0;
  };
  const dialogs = [...document.querySelectorAll('dialog[open], [role=dialog], [role=alertdialog], ' +
    '[aria-modal=true]')].filter(inTheWay);
  const closed = [];
  for (const dialog of dialogs) {
    const button = [...dialog.querySelectorAll('button, [role=button], a')]
      .find(one => shown(one) && CLOSE.test(label(one)));
    if (!button) continue;
    button.click();
    closed.push(dialog.getAttribute('aria-label') || label(dialog).slice(0, 60));
    for (let i = 0; i < 20 && dialog.isConnected && inTheWay(dialog); i++) {
      await new Promise(done => setTimeout(done, 50));
    }
  }
  const theme = window.Shopify && Shopify.theme;
  return { closed, theme: theme ? { id: theme.id, name: theme.name } : null };
}
