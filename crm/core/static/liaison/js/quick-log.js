/* Logging from anywhere: `c` (the bar's own link) and `i` open the form as a panel; links marked `data-log` or leading to
   /log/ lead there too. Keys pressed while it is on its way are kept and played back, so nobody has to wait for it. */
"use strict";

(() => {
  const OFFERED_FOR = 4 * 3600 * 1000; // a number dialled longer ago was another call
  const panel = () => document.querySelector("#log-panel");
  const place = () => panel() || document.querySelector("#log-page");
  const typing = (element) => element.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  let opener = null, started = 0, busy = false, kept = [], wanted = null;

  /* The panel covers the page, which is out of reach meanwhile. */
  const build = () => {
    if (panel()) return;
    opener = document.activeElement;
    for (const element of document.body.children) if (element.tagName !== "SCRIPT") element.inert = true;
    document.body.insertAdjacentHTML("beforeend", '<div class="scrim" data-close></div><section class="panel" id="log-panel" role="dialog" aria-modal="true" aria-labelledby="ql" tabindex="-1"></section>');
    panel().focus();
  };

  const close = () => {
    if (!panel()) return;
    document.querySelector(".scrim")?.remove();
    panel().remove();
    for (const element of document.body.children) element.inert = false;
    busy = false; kept = []; wanted = null;
    opener?.focus?.();
  };

  const open = (url) => {
    if (!place()) started = dialled() || Date.now();
    const onPage = !panel() && document.querySelector("#log-page");
    if (!onPage) build();
    busy = true;
    const target = new URL(url, location.href);
    if (!target.searchParams.get("next")) target.searchParams.set("next", location.pathname + location.search);
    const address = target.pathname + target.search;
    htmx.ajax("GET", address, { target: onPage ? "#log-page" : "#log-panel", swap: "innerHTML" }).catch(() => { busy = false; });
    panel()?.setAttribute("data-address", address);
  };

  const dialled = () => {
    const call = Liaison.store.get("dialled");
    return call && Date.now() - call.at < OFFERED_FOR ? call.at : 0;
  };

  /* The cursor goes where the next key is meant for. */
  const ready = () => {
    busy = false;
    const box = place();
    if (!box) return;
    started = started || Date.now();
    const wrong = [...box.querySelectorAll(".err, .notice")].find((element) => element.offsetParent);
    const control = box.querySelector("[aria-invalid]") || wrong?.closest("fieldset, .notice")?.querySelector("input");
    const group = [...box.querySelectorAll(".picks[data-keys]:not([data-answered]) input")].find((element) => element.offsetParent);
    (control || box.querySelector("[data-first]") || group || box.querySelector("textarea") || box).focus();
    tick(box);
    play();
  };

  /* What one key does may move the cursor in a microtask: each key waits for those of the key before it. */
  const play = async () => {
    const keys = kept;
    kept = [];
    while (keys.length && !busy) {
      const event = keys.shift(), target = document.activeElement;
      const given = new KeyboardEvent("keydown", { key: event.key, ctrlKey: event.ctrlKey, metaKey: event.metaKey, bubbles: true, cancelable: true });
      const handled = !target.dispatchEvent(given);
      if (!handled && event.key.length === 1 && !event.ctrlKey && !event.metaKey && typing(target)) {
        target.setRangeText(event.key, target.selectionStart ?? target.value.length, target.selectionEnd ?? target.value.length, "end");
        target.dispatchEvent(new Event("input", { bubbles: true }));
      }
      await null;
    }
    kept = [...keys, ...kept];
  };

  document.addEventListener("keydown", (event) => {
    if (event.isTrusted && busy && place() && event.key !== "Escape" && event.key !== "Tab") {
      if (["Control", "Shift", "Meta", "Alt"].includes(event.key)) return;
      kept.push({ key: event.key, ctrlKey: event.ctrlKey, metaKey: event.metaKey });
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (event.key === "Escape" && panel() && !event.defaultPrevented) { event.preventDefault(); close(); return; }
    if (event.target.matches?.("#who")) search(event);
    else if (event.target.matches?.("[data-match]")) move(event);
  }, true);

  /* Inbound from anywhere; where the page has its own link for it, that one answers. */
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.key.toLowerCase() !== "i" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (place() || typing(event.target) || !Liaison.keys.on() || document.querySelector("[data-key=i]")) return;
    const link = document.querySelector(".bar a[data-key=c]");
    if (!link) return;
    event.preventDefault();
    const url = new URL(link.href);
    url.searchParams.set("direction", "in");
    open(url.href);
  });

  document.addEventListener("click", (event) => {
    const phone = event.target.closest("a[href^='tel:']");
    if (phone) { Liaison.store.set("dialled", { at: Date.now() }); started = 0; return; }
    if (event.target.closest("[data-close]") && panel()) { event.preventDefault(); close(); return; }
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (!link.matches("[data-log]") && !(link.closest(".bar, .tabbar, main") && link.pathname === "/log/")) return;
    event.preventDefault();
    if (panel() && !panel().contains(link)) return;
    open(link.href);
  });

  /* Who: Enter takes the first one found; pressed before it was found, it waits for it. */
  const search = (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); document.querySelector("#found [data-match]")?.focus(); return; }
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = event.target.value.trim();
    if (!text) return;
    wanted = text;
    busy = true;
    if (document.querySelector("#found")?.dataset.asked.trim() === text) take();
    else htmx.trigger(event.target, "input");
  };

  const take = () => {
    const link = document.querySelector("#found [data-match], #found [data-new]");
    wanted = null;
    if (link) open(link.href); else { busy = false; play(); }
  };

  const move = (event) => {
    const links = [...document.querySelectorAll("#found [data-match], #found [data-new]")];
    const at = links.indexOf(event.target) + { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (Number.isNaN(at)) return;
    event.preventDefault();
    (at < 0 ? document.querySelector("#who") : links[at])?.focus();
  };

  /* What it settles is ticked as the outcome says, until somebody ticks for themselves. */
  const tick = (box) => {
    const outcome = box.querySelector("input[name=outcome]:checked");
    if (!outcome) return;
    for (const one of box.querySelectorAll("input[name=settles][data-suggested]:not([data-touched])")) one.checked = outcome.matches(one.matches("[data-final]") ? "[data-final]" : "[data-settles]");
  };

  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("#qlog");
    if (!form) return;
    if (event.target.name === "settles") event.target.dataset.touched = "yes";
    if (event.target.name === "outcome") tick(form);
    if (event.target.name === "follow_up" && event.target.value === "t") queueMicrotask(() => form.querySelector("#id_due")?.focus());
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id !== "qlog") return;
    form.elements.seconds.value = started ? Math.min(Math.round((Date.now() - started) / 1000), 86400) : "";
    form.elements.filled_at.value = new Date().toISOString();
  }, true);

  let unfolded = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "qlog") unfolded = Boolean(event.detail.target.querySelector("details[open]"));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const box = place();
    if (!box) return;
    if (event.detail.target.id === "found" && wanted !== null) {
      if (document.querySelector("#found").dataset.asked.trim() === wanted) take();
      return;
    }
    const form = box.querySelector("#qlog");
    if (event.detail.target.id !== "qlog" || !form) return;
    if (unfolded && form.querySelector("details")) form.querySelector("details").open = true;
    if (event.detail.requestConfig.path === "/log/") ready(); else tick(box);
  });

  /* Only now does htmx listen to what was swapped in. */
  document.addEventListener("htmx:afterSettle", (event) => {
    if (busy && wanted === null && ["log-panel", "log-page"].includes(event.detail.target.id)) ready();
  });

  /* A draft may have been begun for another channel or direction than the form shows. */
  const fitting = () => {
    const form = document.querySelector("#qlog[data-channel]");
    const chosen = (name) => form.querySelector(`input[name=${name}]:checked`);
    for (const name of form ? ["channel", "direction"] : []) {
      const pick = chosen(name);
      if (pick && pick.value !== form.dataset[name]) { htmx.trigger(pick, "change"); return; }
    }
  };
  document.addEventListener("htmx:afterSettle", fitting);

  document.addEventListener("liaison:queued", (event) => { if (event.detail.form.id === "qlog") { Liaison.store.drop("dialled"); started = 0; close(); } });
  document.addEventListener("DOMContentLoaded", () => {
    if (document.querySelector("[data-saved]")) Liaison.store.drop("dialled");
    if (document.querySelector("#log-page")) { started = dialled() || Date.now(); ready(); fitting(); }
  });
  Liaison.quickLog = { open, close };
})();
