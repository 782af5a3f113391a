/* The first page: the browser knows the time zone it is in. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const zone = document.querySelector("select[data-zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone.value === "UTC" && [...zone.options].some((option) => option.value === here)) zone.value = here;
});
