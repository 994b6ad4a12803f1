/* The cart as a drawer from the side, in place of the notification: a setting of the theme. */
'use strict';

customElements.define(
  'cart-drawer',
  class CartDrawer extends HTMLElement {
    connectedCallback() {
      this.addEventListener('keyup', (event) => event.code === 'Escape' && this.close());
      this.addEventListener('click', (event) => {
        if (event.target.closest('.drawer__close, #CartDrawer-Overlay')) this.close();
      });
      document.addEventListener('click', (event) => {
        if (!event.target.closest('#cart-icon-bubble')) return;
        event.preventDefault();
        this.open();
      });
    }

    sectionIds() {
      return ['cart-drawer', 'cart-icon-bubble'];
    }

    renderContents(state) {
      this.querySelector('.drawer__inner').innerHTML = sectionInner(
        state.sections['cart-drawer'],
        '.drawer__inner'
      );
      document.getElementById('cart-icon-bubble').innerHTML = sectionInner(
        state.sections['cart-icon-bubble']
      );
      this.classList.remove('is-empty');
      this.open();
    }

    open() {
      this.classList.add('animate', 'active');
      document.body.classList.add('overflow-hidden');
      this.querySelector('.drawer__inner').focus({ preventScroll: true });
    }

    close() {
      this.classList.remove('active');
      document.body.classList.remove('overflow-hidden');
    }
  }
);
