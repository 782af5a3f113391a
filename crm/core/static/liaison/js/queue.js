/* `form[data-queue]`: sent later when the network is away. What waits is kept on this device under its client_key,
   is sent in order and, because the key is unique in the database, saved once. `#queue` carries the words. */
"use strict";

(() => {
  const EVERY = 30000;
  const waiting = () => Liaison.store.get("queue") || [];
  const keep = (list) => { Liaison.store.set("queue", list); show(); };

  const show = () => {
    const box = document.querySelector("#queue");
    if (!box) return;
    const list = waiting();
    const refused = list.filter((one) => one.refused);
    box.hidden = !list.length;
    if (!list.length) return;
    const words = refused.length ? box.dataset.refused : navigator.onLine ? box.dataset.online : box.dataset.offline;
    box.querySelector("[data-words]").textContent = Liaison.words(words, list.length);
    const link = box.querySelector("a");
    link.hidden = !refused.length;
    if (refused.length) link.href = refused[0].page;
  };

  const add = (form, submitter) => {
    const data = new FormData(form, submitter);
    data.delete("csrfmiddlewaretoken");
    const key = data.get("client_key");
    if (!key || waiting().some((one) => one.key === key)) return Boolean(key);
    keep([...waiting(), { key, url: form.action, body: new URLSearchParams(data).toString(), page: location.href, at: Date.now() }]);
    document.dispatchEvent(new CustomEvent("liaison:queued", { detail: { key, form } }));
    return true;
  };

  /* True: saved, or saved before. False: try again later. "refused": somebody has to look at it. */
  const send = async (one) => {
    const body = new URLSearchParams(one.body);
    body.set("csrfmiddlewaretoken", Liaison.token());
    try {
      const answer = await fetch(one.url, { method: "POST", body, headers: { "X-Liaison-Queue": "1" }, signal: AbortSignal.timeout(20000) });
      if (new URL(answer.url).pathname.startsWith("/auth/") || answer.status >= 500 || answer.status === 403 || answer.status === 429) return false;
      if (answer.status === 400 || answer.status === 422 || answer.status === 404) return "refused";
      return answer.ok;
    } catch { return false; }
  };

  let busy = false;
  const flush = async () => {
    if (busy || !navigator.onLine || !Liaison.user) return;
    busy = true;
    for (const one of waiting().filter((entry) => !entry.refused)) {
      const done = await send(one);
      if (done === false) break;
      const rest = waiting();
      if (done === true) {
        keep(rest.filter((entry) => entry.key !== one.key));
        Liaison.drafts?.forget(one.key);
        document.dispatchEvent(new CustomEvent("liaison:sent", { detail: one }));
      } else {
        keep(rest.map((entry) => (entry.key === one.key ? { ...entry, refused: true } : entry)));
      }
    }
    busy = false;
    show();
  };

  const drop = (key) => keep(waiting().filter((one) => one.key !== key));

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-queue]") || form.matches("[hx-post]") || navigator.onLine) return;
    if (add(form, event.submitter)) event.preventDefault();
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      if (event.target.matches?.("form[data-queue]")) add(event.target);
    });
  }
  window.addEventListener("online", () => { show(); flush(); });
  window.addEventListener("offline", show);
  document.addEventListener("DOMContentLoaded", () => {
    for (const toast of document.querySelectorAll("[data-saved]")) drop(toast.dataset.saved);
    show();
    flush();
    setInterval(flush, EVERY);
  });
  Liaison.queue = { add, drop, flush, waiting };
})();
