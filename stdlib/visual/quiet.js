// Hides what is on a page or not as it likes (chats, banners), for stdlib/visual/shots.lua; tells
// which theme it is.
({ hide }) => {
  for (const css of hide) {
    try { document.querySelector(css); } catch { return { wrong: css }; }
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(hide.map(css => css + ' { display: none !important }').join('\n'));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  const theme = window.Shopify && Shopify.theme;
  return { theme: theme ? { id: theme.id, name: theme.name } : null };
}
