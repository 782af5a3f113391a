/* Names for controls of the stock administration that come without one: its search boxes, its
   pairs of day and hour, the cells of its tables. */
"use strict";

(() => {
  const text = (element) => element?.textContent.replace(/[:\s]+$/, "").trim() || "";

  const labelOf = (control) => {
    const field = control.closest(".form-row, .fieldBox, td");
    const label = field?.querySelector("label, legend");
    const column = control.closest("td")?.cellIndex;
    return text(label) || text(control.closest("table")?.querySelectorAll("thead th")[column]);
  };

  const name = (root) => {
    for (const box of root.querySelectorAll(".select2-selection")) {
      const select = box.closest(".select2")?.previousElementSibling;
      const label = text(document.querySelector(`label[for="${CSS.escape(select?.id || "")}"]`)) || labelOf(box);
      if (!label) continue;
      box.setAttribute("aria-label", label);
      box.querySelector("[role=textbox]")?.setAttribute("aria-label", label);
    }
    const pairs = ".vDateField, .vTimeField, :is(.tabular, #result_list) :is(input:not([type=hidden]), select, textarea)";
    for (const input of root.querySelectorAll(pairs)) {
      if (!input.labels?.length && !input.hasAttribute("aria-label")) input.setAttribute("aria-label", labelOf(input));
    }
    for (const head of root.querySelectorAll("th.original:empty")) head.setAttribute("role", "presentation");
  };

  window.addEventListener("load", () => {
    name(document);
    new MutationObserver((changes) => {
      for (const change of changes) for (const node of change.addedNodes) if (node.querySelectorAll) name(node.parentElement || node);
    }).observe(document.body, { childList: true, subtree: true });
  });
})();
