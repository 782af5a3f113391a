/* Single keys: `data-key` on a link, button or input makes it answer to that key; in a chosen row its own keys come first.
   Off while somebody types, with a modifier, and when switched off (WCAG 2.1.4). */
"use strict";

(() => {
  const typing = (target) => target.matches("textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]");
  const shown = (element) => element.offsetParent !== null || getComputedStyle(element).position === "fixed";
  const on = () => document.body.dataset.keys !== "off" && Liaison.store.get("keys") !== "off";
  const rows = () => [...document.querySelectorAll("[data-row]")].filter(shown);
  const chosen = () => document.querySelector("[data-row].is-on");

  const choose = (row) => {
    chosen()?.classList.remove("is-on");
    if (!row) return;
    row.classList.add("is-on");
    row.querySelector("a, button")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = rows();
    const at = all.indexOf(chosen());
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    choose(all[next]);
    return all.length > 0;
  };

  /* The focused part of the page knows best: the chosen row, then the open panel, then the page. */
  const find = (key) => {
    const places = [chosen(), document.querySelector("[role=dialog]"), document].filter(Boolean);
    for (const place of places) {
      const found = [...place.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(
        (element) => shown(element) && (place !== document || !element.closest("[data-row]")));
      if (found) return found;
    }
    return null;
  };

  /* Digits choose in the first group not answered yet, then the next group or the note gets the cursor. */
  const digit = (key, target) => {
    const form = target.closest("[data-digits]") || document.querySelector("[data-digits]");
    if (!form) return false;
    const groups = [...form.querySelectorAll(".picks[data-keys]")].filter(shown);
    const group = groups.find((set) => !set.dataset.answered);
    const pick = group?.querySelector(`input[data-digit="${CSS.escape(key)}"]:not(:disabled)`);
    if (!pick) return false;
    pick.checked = true;
    group.dataset.answered = "yes";
    pick.dispatchEvent(new Event("change", { bubbles: true }));
    const rest = [...form.querySelectorAll(".picks[data-keys]:not([data-answered]) input, textarea")].find(shown);
    (rest || pick).focus();
    return true;
  };

  const act = (element) => {
    if (element.matches("input, textarea, select")) { element.focus(); element.select?.(); } else { element.click(); }
  };

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = target.form || target.closest("form");
      if (form && form.method === "post") { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(target) || !on()) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : "";
    if (!key) return;
    if (digit(key, target)) { event.preventDefault(); return; }
    const element = find(key);
    if (element) { event.preventDefault(); act(element); return; }
    if ((key === "j" || key === "k") && step(key === "j" ? 1 : -1)) event.preventDefault();
  });

  /* A group answered by tap or by arrow keys counts as answered too. */
  document.addEventListener("click", (event) => {
    const group = event.target.matches("input[type=radio]") && event.target.closest(".picks[data-keys]");
    if (group && event.detail > 0) group.dataset.answered = "yes";
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && row !== chosen() && event.target.matches(":focus-visible")) {
      chosen()?.classList.remove("is-on");
      row.classList.add("is-on");
    }
  });

  /* A row swapped by an act stays chosen, so that the next key acts on the next thing; who moved on meanwhile stays there. */
  let swapped = "";
  document.addEventListener("htmx:beforeSwap", (event) => { swapped = event.detail.target.matches("[data-row].is-on") ? event.detail.target.id : ""; });
  document.addEventListener("htmx:afterSettle", () => {
    const row = swapped && document.getElementById(swapped);
    swapped = "";
    if (row && !chosen()) choose(row);
  });

  const button = document.querySelector("[data-keys-switch]");
  const label = () => {
    if (button) button.textContent = on() ? button.dataset.off : button.dataset.on;
    document.documentElement.classList.toggle("no-keys", !on());
  };
  button?.addEventListener("click", () => { Liaison.store.set("keys", on() ? "off" : "on"); label(); });
  label();
  Liaison.keys = { on, choose };
})();
