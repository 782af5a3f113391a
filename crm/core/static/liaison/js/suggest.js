/* `input[data-suggest="/address/"]` with a datalist: names are fetched while somebody types. */
"use strict";

(() => {
  const PAUSE = 200;
  let timer;

  const fetchNames = async (input) => {
    const text = input.value.trim();
    if (text.length < 2) return;
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
      if (answer.ok && !answer.redirected && input.value.trim() === text) input.list.innerHTML = await answer.text();
    } catch { /* the name can be typed whole */ }
  };

  document.addEventListener("input", (event) => {
    if (!event.target.matches("input[data-suggest]")) return;
    clearTimeout(timer);
    timer = setTimeout(fetchNames, PAUSE, event.target);
  });
})();
