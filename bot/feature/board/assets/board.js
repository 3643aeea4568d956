// A wall screen is never touched: once a minute the board is fetched anew and
// what has changed is put in its place. Without script the page is as it was.
"use strict";
setInterval(async () => {
  try {
    const answer = await fetch(location.pathname, { cache: "no-cache" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of ["header", "main", "footer"]) {
      const here = document.querySelector(part), there = fresh.querySelector(part);
      if (there && here.innerHTML !== there.innerHTML) here.replaceWith(document.importNode(there, true));
    }
  } catch { /* the network is away: the next minute tries again */ }
}, 60_000);
