/* The cookie banner and the customer privacy API, as Shopify's own: nothing is decided until the
   visitor answers, and the answer is kept in a cookie. */
(function () {
  'use strict';
  const COOKIE = '_tracking_consent', YEAR = 31536000;
  const PURPOSES = ['analytics', 'marketing', 'preferences', 'sale_of_data'];

  function read() {
    const found = document.cookie.match(new RegExp(`(?:^|; )${COOKIE}=([^;]*)`));
    try {
      return found ? JSON.parse(decodeURIComponent(found[1])) : {};
    } catch (error) {
      return {};
    }
  }
  const state = read();
  const word = (value) => (value === undefined ? '' : value ? 'yes' : 'no');

  function setTrackingConsent(choice, callback) {
    for (const purpose of PURPOSES) if (purpose in choice) state[purpose] = !!choice[purpose];
    const value = encodeURIComponent(JSON.stringify(state));
    document.cookie = `${COOKIE}=${value}; path=/; max-age=${YEAR}; SameSite=Lax`;
    const detail = {
      analyticsAllowed: !!state.analytics,
      marketingAllowed: !!state.marketing,
      preferencesAllowed: !!state.preferences,
      saleOfDataAllowed: !!state.sale_of_data,
    };
    document.dispatchEvent(new CustomEvent('visitorConsentCollected', { detail }));
    if (callback) callback();
  }

  Shopify.customerPrivacy = {
    setTrackingConsent,
    currentVisitorConsent: () =>
      Object.fromEntries(PURPOSES.map((purpose) => [purpose, word(state[purpose])])),
    analyticsProcessingAllowed: () => !!state.analytics,
    marketingAllowed: () => !!state.marketing,
    preferencesProcessingAllowed: () => !!state.preferences,
    saleOfDataAllowed: () => !!state.sale_of_data,
    shouldShowBanner: () => state.analytics === undefined,
    userCanBeTracked: () => !!state.analytics,
    getRegion: () => 'DEBY',
  };

  function answer(yes) {
    setTrackingConsent(Object.fromEntries(PURPOSES.map((purpose) => [purpose, yes])));
    document.getElementById('shopify-pc__banner').remove();
  }

  document.addEventListener('DOMContentLoaded', () => {
    if (!Shopify.customerPrivacy.shouldShowBanner()) return;
    const banner = document.getElementById('shopify-pc__banner');
    banner.hidden = false;
    document.getElementById('shopify-pc__banner__btn-accept').onclick = () => answer(true);
    document.getElementById('shopify-pc__banner__btn-decline').onclick = () => answer(false);
  });
})();
