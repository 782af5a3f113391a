/* What every page does with script; without it every page works, more slowly. The other files build on `Liaison`. */
"use strict";

const Liaison = {
  user: document.body.dataset.user || "",

  /* A place on this device for one person's things; null where storage is refused. */
  store: {
    key: (name) => `liaison.${Liaison.user}.${name}`,
    get(name) {
      try { return JSON.parse(localStorage.getItem(this.key(name))); } catch { return null; }
    },
    set(name, value) {
      try { localStorage.setItem(this.key(name), JSON.stringify(value)); return true; } catch { return false; }
    },
    drop(name) {
      try { localStorage.removeItem(this.key(name)); } catch { /* nothing was kept */ }
    },
    names(prefix) {
      const start = this.key(prefix);
      try {
        return Object.keys(localStorage).filter((key) => key.startsWith(start)).map((key) => key.slice(this.key("").length));
      } catch { return []; }
    },
  },

  token: () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "",

  /* Words with a number, from a data attribute of the page: "{n} calls wait". */
  words: (text, n) => text.replace("{n}", n),
};

/* Menus: one open at a time; Escape and a tap elsewhere close them. */
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  event.target.closest("[data-dismiss]")?.parentElement.remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

/* Escape leaves a small form inside a page, as its own Cancel does. */
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.closest?.("form")?.querySelector("[data-cancel]")?.click();
});

/* Whatever a page or a swapped part of it brings along. */
Liaison.prepare = (root) => {
  for (const element of root.querySelectorAll("[data-with-script]")) element.hidden = false;
  for (const toast of root.querySelectorAll("[data-toast]:not([data-ready])")) {
    toast.dataset.ready = "";
    if (!toast.querySelector("a, button")) setTimeout(() => toast.remove(), 10000);
  }
  root.querySelector("[data-focus]")?.focus();
  for (const form of root.querySelectorAll("form[data-auto]:not([data-ready])")) {
    form.dataset.ready = "";
    form.addEventListener("change", () => form.requestSubmit());
  }
};

/* The same form is sent once: a second press while it is under way does nothing. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  setTimeout(() => { if (!event.defaultPrevented) form.dataset.sent = "yes"; }, 0);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

/* An explicit sign-out takes this person's drafts off the device; what waits to be sent stays. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-sign-out]")) return;
  for (const name of Liaison.store.names("draft.")) Liaison.store.drop(name);
});

document.addEventListener("htmx:afterSwap", (event) => Liaison.prepare(event.target.parentElement || document));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
});
document.addEventListener("DOMContentLoaded", () => Liaison.prepare(document));
