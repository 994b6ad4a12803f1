/*
 * The theme's behaviour: add to cart, cart notification, variant picker, cart page, quantities,
 * appearing sections. Element names, form fields and published events are those of Shopify's
 * common themes, so that what watches this shop would watch a real one.
 */
'use strict';

const ON_CHANGE_DEBOUNCE_TIMER = 300;
const PUB_SUB_EVENTS = {
  cartUpdate: 'cart-update',
  cartError: 'cart-error',
  quantityUpdate: 'quantity-update',
  variantChange: 'variant-change',
};

const subscribers = {};

function subscribe(eventName, callback) {
  subscribers[eventName] = (subscribers[eventName] || []).concat(callback);
  return () => {
    subscribers[eventName] = subscribers[eventName].filter((one) => one !== callback);
  };
}

function publish(eventName, data) {
  return Promise.all((subscribers[eventName] || []).map((callback) => callback(data)));
}

function debounce(fn, wait) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn.apply(null, args), wait);
  };
}

function fetchConfig(type = 'json') {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: `application/${type}` },
  };
}

function sectionInner(html, selector = '.shopify-section') {
  return new DOMParser().parseFromString(html, 'text/html').querySelector(selector).innerHTML;
}

customElements.define(
  'product-form',
  class ProductForm extends HTMLElement {
    connectedCallback() {
      this.form = this.querySelector('form');
      this.form.querySelector('[name=id]').disabled = false;
      this.form.addEventListener('submit', this.onSubmit.bind(this));
      this.cart = document.querySelector('cart-notification, cart-drawer');
      this.submitButton = this.querySelector('[type="submit"]');
    }

    onSubmit(event) {
      event.preventDefault();
      if (this.submitButton.getAttribute('aria-disabled') === 'true') return;
      this.showError();
      this.submitButton.setAttribute('aria-disabled', true);
      this.submitButton.classList.add('loading');
      this.querySelector('.loading__spinner').classList.remove('hidden');

      const config = fetchConfig('javascript');
      config.headers['X-Requested-With'] = 'XMLHttpRequest';
      delete config.headers['Content-Type'];
      const formData = new FormData(this.form);
      formData.append('sections', this.cart.sectionIds());
      formData.append('sections_url', window.location.pathname);
      config.body = formData;

      fetch(`${window.routes.cart_add_url}`, config)
        .then((response) => response.json())
        .then((response) => {
          if (response.status) {
            publish(PUB_SUB_EVENTS.cartError, {
              source: 'product-form',
              productVariantId: formData.get('id'),
              errors: response.errors || response.description,
              message: response.message,
            });
            this.showError(response.description || response.message);
            return;
          }
          publish(PUB_SUB_EVENTS.cartUpdate, {
            source: 'product-form',
            productVariantId: formData.get('id'),
            cartData: response,
          });
          this.cart.renderContents(response);
        })
        .catch((error) => console.error(error))
        .finally(() => {
          this.submitButton.classList.remove('loading');
          this.submitButton.removeAttribute('aria-disabled');
          this.querySelector('.loading__spinner').classList.add('hidden');
        });
    }

    showError(message = false) {
      const wrapper = this.querySelector('.product-form__error-message-wrapper');
      wrapper.toggleAttribute('hidden', !message);
      if (message) wrapper.querySelector('.product-form__error-message').textContent = message;
    }

    toggleSubmitButton(disable, text) {
      this.submitButton.toggleAttribute('disabled', disable);
      this.submitButton.querySelector('span').textContent = text;
    }
  }
);

customElements.define(
  'cart-notification',
  class CartNotification extends HTMLElement {
    connectedCallback() {
      this.notification = this.querySelector('#cart-notification');
      this.onBodyClick = (event) => {
        if (!event.target.closest('cart-notification')) this.close();
      };
      this.notification.addEventListener('keyup', (event) => {
        if (event.code === 'Escape') this.close();
      });
      this.querySelectorAll('button[type="button"]').forEach((button) =>
        button.addEventListener('click', () => this.close())
      );
    }

    sectionIds() {
      return ['cart-notification-product', 'cart-notification-button', 'cart-icon-bubble'];
    }

    renderContents(state) {
      document.getElementById('cart-notification-product').innerHTML = sectionInner(
        state.sections['cart-notification-product'],
        `[id="cart-notification-product-${state.key}"]`
      );
      for (const id of ['cart-notification-button', 'cart-icon-bubble'])
        document.getElementById(id).innerHTML = sectionInner(state.sections[id]);
      this.open();
    }

    open() {
      this.notification.classList.add('animate', 'active');
      this.notification.focus({ preventScroll: true });
      document.body.addEventListener('click', this.onBodyClick);
    }

    close() {
      this.notification.classList.remove('active');
      document.body.removeEventListener('click', this.onBodyClick);
    }
  }
);

customElements.define(
  'quantity-input',
  class QuantityInput extends HTMLElement {
    connectedCallback() {
      this.input = this.querySelector('input');
      this.querySelectorAll('button').forEach((button) =>
        button.addEventListener('click', (event) => {
          event.preventDefault();
          const before = this.input.value;
          if (button.name === 'plus') this.input.stepUp();
          else this.input.stepDown();
          if (before === this.input.value) return;
          this.input.dispatchEvent(new Event('change', { bubbles: true }));
        })
      );
    }
  }
);

customElements.define(
  'variant-selects',
  class VariantSelects extends HTMLElement {
    connectedCallback() {
      this.variants = JSON.parse(this.querySelector('[data-variants]').textContent);
      this.addEventListener('change', () => this.onChange());
    }

    onChange() {
      const options = [...this.querySelectorAll('fieldset')].map(
        (fieldset) => fieldset.querySelector('input:checked').value
      );
      const variant = this.variants.find((one) =>
        one.options.every((value, i) => value === options[i])
      );
      this.markUnavailable(options);
      const form = document.querySelector('product-form');
      if (!variant) return form.toggleSubmitButton(true, window.variantStrings.unavailable);
      const section = this.dataset.section;
      for (const id of [`product-form-${section}`, `product-form-installment-${section}`])
        document.getElementById(id).querySelector('input[name="id"]').value = variant.id;
      window.history.replaceState({}, '', `${window.location.pathname}?variant=${variant.id}`);
      this.updatePrice(section, variant);
      this.updatePicture(variant);
      form.showError();
      form.toggleSubmitButton(
        !variant.available,
        variant.available ? window.variantStrings.addToCart : window.variantStrings.soldOut
      );
      publish(PUB_SUB_EVENTS.variantChange, { data: { sectionId: section, variant } });
    }

    markUnavailable(chosen) {
      this.querySelectorAll('fieldset').forEach((fieldset, position) => {
        fieldset.querySelectorAll('input').forEach((input) => {
          const wanted = chosen.slice(0, position).concat(input.value);
          const available = this.variants.some(
            (one) => one.available && wanted.every((value, i) => one.options[i] === value)
          );
          input.classList.toggle('disabled', !available);
        });
      });
    }

    updatePrice(section, variant) {
      const price = document.getElementById(`price-${section}`);
      price.querySelector('.price').classList.toggle('price--sold-out', !variant.available);
      price.querySelector('span.price-item').textContent = variant.price;
      document.getElementById(`installment-${section}`).textContent = variant.instalment;
    }

    updatePicture(variant) {
      const image = document.querySelector('.product__image');
      const swap = (text) => text.replace(/files\/[^.]+\.png/g, `files/${variant.image}.png`);
      if (swap(image.src) === image.src) return;
      image.srcset = swap(image.srcset);
      image.src = swap(image.src);
      image.alt = variant.alt;
    }
  }
);

customElements.define(
  'cart-remove-button',
  class CartRemoveButton extends HTMLElement {
    connectedCallback() {
      this.addEventListener('click', (event) => {
        event.preventDefault();
        this.closest('cart-items').updateQuantity(this.dataset.index, 0);
      });
    }
  }
);

const SECTIONS = ['main-cart-items', 'main-cart-footer']; /* the cart page's own */

customElements.define(
  'cart-items',
  class CartItems extends HTMLElement {
    connectedCallback() {
      const onChange = debounce((event) => {
        this.updateQuantity(event.target.dataset.index, event.target.value);
      }, ON_CHANGE_DEBOUNCE_TIMER);
      this.addEventListener('change', onChange);
    }

    updateQuantity(line, quantity) {
      const body = JSON.stringify({
        line: Number(line),
        quantity: Number(quantity),
        sections: [...SECTIONS, 'cart-icon-bubble', 'cart-live-region-text'],
        sections_url: window.location.pathname,
      });
      const contents = document.getElementById('main-cart-items');
      contents.classList.add('cart__items--disabled');
      fetch(`${window.routes.cart_change_url}`, { ...fetchConfig(), body })
        .then((response) => response.json())
        .then((state) => {
          if (state.errors) return this.showError(line, state.errors);
          this.classList.toggle('is-empty', state.item_count === 0);
          const show = (id, selector) => {
            document.querySelector(selector).innerHTML = sectionInner(
              state.sections[id],
              SECTIONS.includes(id) ? '.js-contents' : '.shopify-section'
            );
          };
          for (const id of SECTIONS) show(id, `#${id} .js-contents`);
          for (const id of ['cart-icon-bubble', 'cart-live-region-text']) show(id, `#${id}`);
          publish(PUB_SUB_EVENTS.cartUpdate, { source: 'cart-items', cartData: state });
        })
        .catch((error) => {
          console.error(error);
          const errors = document.getElementById('cart-errors');
          if (errors) errors.textContent = window.cartStrings.error;
        })
        .finally(() => contents.classList.remove('cart__items--disabled'));
    }

    showError(line, message) {
      const input = document.getElementById(`Quantity-${line}`);
      input.value = input.getAttribute('value');
      const error = document.getElementById(`Line-item-error-${line}`);
      error.querySelector('.cart-item__error-text').textContent = message;
    }
  }
);

/* Sections below the fold appear when they are scrolled to. */
document.addEventListener('DOMContentLoaded', () => {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        entry.target.classList.remove('scroll-trigger--offscreen');
        observer.unobserve(entry.target);
      }
    },
    { rootMargin: '0px 0px -40px 0px' }
  );
  document.querySelectorAll('.scroll-trigger').forEach((element) => {
    element.classList.add('scroll-trigger--offscreen');
    observer.observe(element);
  });
});
