/* `form[data-draft="name"]`: what is typed is kept on this device each second, given back when the form opens again,
   unless the form brings back what was just sent (`data-draft-given`), and forgotten when a toast says that it was saved (`data-saved`: the draft's name or its client_key). */
"use strict";

(() => {
  const DAYS = 14;
  const kept = (name) => `draft.${name}`;
  const ours = (field) => field.name && !["csrfmiddlewaretoken", "next"].includes(field.name)
    && !["password", "file", "submit", "button"].includes(field.type);

  const read = (form) => [...form.elements].filter(ours).flatMap((field) => {
    if (["radio", "checkbox"].includes(field.type)) return field.checked ? [[field.name, field.value]] : [];
    return [[field.name, field.value]];
  });

  const write = (form, values) => {
    for (const field of [...form.elements].filter(ours)) {
      const given = values.filter(([name]) => name === field.name).map(([, value]) => value);
      if (["radio", "checkbox"].includes(field.type)) {
        field.checked = given.includes(field.value);
        if (field.checked && field.closest(".picks[data-keys]")) field.closest(".picks").dataset.answered = "yes";
      } else if (given.length) {
        field.value = given[0];
      }
    }
    form.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const typed = (form) => [...form.elements].some((field) => field.matches("textarea, input[type=text], input:not([type])") && ours(field) && field.value.trim());

  const note = (form, state) => {
    const line = form.querySelector("[data-draft-note]");
    if (line) line.textContent = line.dataset[state] || "";
  };

  const watch = (form) => {
    if (form.dataset.draftReady) return;
    form.dataset.draftReady = "yes";
    const name = kept(form.dataset.draft);
    const draft = Liaison.store.get(name);
    if (draft && !form.querySelector("[aria-invalid]") && form.dataset.draftGiven === undefined) { write(form, draft.values); note(form, "restored"); }
    const before = JSON.stringify(read(form));
    let last = before;
    const timer = setInterval(() => {
      if (!form.isConnected) { clearInterval(timer); return; }
      const values = read(form);
      const now = JSON.stringify(values);
      if (now === last || (now !== before && !typed(form) && !draft)) return;
      last = now;
      if (Liaison.store.set(name, { values, at: Date.now() })) note(form, "kept");
    }, 1000);
  };

  const forget = (saved) => {
    for (const name of Liaison.store.names("draft.")) {
      const draft = Liaison.store.get(name);
      const same = name === kept(saved) || draft?.values.some(([field, value]) => field === "client_key" && value === saved);
      if (same || !draft || Date.now() - draft.at > DAYS * 86400000) Liaison.store.drop(name);
    }
  };

  const look = (root) => {
    for (const toast of root.querySelectorAll("[data-saved]")) forget(toast.dataset.saved);
    for (const form of root.querySelectorAll("form[data-draft]")) watch(form);
  };

  document.addEventListener("DOMContentLoaded", () => look(document));
  document.addEventListener("htmx:afterSwap", () => look(document));
  Liaison.drafts = { forget, look, read, write };
})();
