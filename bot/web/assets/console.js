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
// What is pasted from Word or a web page is turned into the marks of a lesson.
const marks = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent.replace(/\s+/g, " ");
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches("style, script, head, meta")) return "";
  const inner = [...node.childNodes].map(marks).join("");
  const text = inner.trim();
  const name = node.tagName.toLowerCase();
  if (/^h[1-6]$/.test(name)) return text && `\n\n${"#".repeat(Math.min(3, name[1]))} ${text}\n\n`;
  if (name === "li") return text && `\n${node.parentElement?.tagName === "OL" ? "1." : "-"} ${text}`;
  if (name === "b" || name === "strong") return text && `**${text}**`;
  if (name === "i" || name === "em") return text && `*${text}*`;
  if (name === "a" && /^https?:/.test(node.href)) return `[${text}](${node.href})`;
  if (name === "br") return "\n";
  // Word writes a list as paragraphs that begin with a sign.
  if (name === "p" && /^[·•●▪§Ø]\s*/.test(text)) return `\n- ${text.replace(/^[·•●▪§Ø]\s*/, "")}`;
  if (/^(p|div|tr|ul|ol|table|section|article)$/.test(name)) return text && `\n\n${text}\n\n`;
  if (name === "td" || name === "th") return `${text} `;
  return inner;
};
document.addEventListener("paste", (e) => {
  const box = e.target.closest?.("textarea[data-marks]");
  const files = [...(e.clipboardData?.files ?? [])].filter((f) => f.type.startsWith("image/"));
  const html = e.clipboardData?.getData("text/html");
  if (!box || !html && !files.length) return;
  if (html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const text = marks(page.body).replace(/[ \t]+\n/g, "\n").replace(/\n{3,}/g, "\n\n").trim();
    if (text) {
      e.preventDefault();
      box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
  const chooser = box.form.querySelector("input[type=file]");
  if (files.length && chooser) {
    e.preventDefault();
    const all = new DataTransfer();
    [...chooser.files, ...files].forEach((f) => all.items.add(f));
    chooser.files = all.files;
  }
});
