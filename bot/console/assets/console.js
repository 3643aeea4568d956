// Live pages: when the server tells of a change, the page asks for its live part again.
"use strict";
const at = document.body.dataset.events;
if (at && window.EventSource) {
  const stream = new EventSource(at);
  let behind = false;
  const refresh = () => {
    const part = document.getElementById("live");
    // What somebody has begun to fill in is not taken from under his hands.
    if (!behind || !part || part.contains(document.activeElement?.closest("input, textarea, select"))) return;
    behind = false;
    part.dispatchEvent(new Event("changed"));
  };
  stream.addEventListener("changed", () => { behind = true; refresh(); });
  document.addEventListener("focusout", () => setTimeout(refresh, 0));
  stream.addEventListener("over", () => stream.close());
}
// A double click sends a form once.
document.addEventListener("submit", (e) => {
  const button = e.submitter;
  if (button && e.target.method === "post") {
    setTimeout(() => { button.disabled = true; }, 0);
    setTimeout(() => { button.disabled = false; }, 5000);
  }
});
// The choice of a unit closes when one clicks beside it.
document.addEventListener("click", (e) => {
  const open = document.querySelector(".chooser[open]");
  if (open && !open.contains(e.target)) open.open = false;
});
