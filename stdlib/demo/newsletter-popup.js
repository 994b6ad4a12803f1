/* The newsletter's pop-up of an app: it comes a moment after the page, on each page until it is
   closed once. */
(function () {
  'use strict';
  const KEY = 'newsletter-popup', DELAY = 400;

  function show() {
    const wrap = document.createElement('div');
    wrap.className = 'newsletter-popup';
    wrap.innerHTML = `<div class="newsletter-popup__card" role="dialog" aria-modal="true"
      aria-label="Newsletter"><button type="button" class="newsletter-popup__x"
      aria-label="Close dialog">×</button><h2>10% off your first order</h2>
      <form><label>E-mail <input type="email" name="contact[email]"></label>
      <button type="submit">Get the code</button></form></div>`;
    wrap.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
    wrap.querySelector('.newsletter-popup__x').addEventListener('click', () => {
      sessionStorage.setItem(KEY, 'closed');
      wrap.remove();
    });
    document.body.append(wrap);
  }

  if (sessionStorage.getItem(KEY)) return;
  window.addEventListener('load', () => setTimeout(show, DELAY));
})();
