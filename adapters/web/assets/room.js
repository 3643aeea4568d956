// The chat room. Everything that people wrote goes into the page as text, never
// as markup. What was typed stays in the outbox of this tab until the server
// has answered 200, and is sent again under the same id.
"use strict";

const T = JSON.parse(document.getElementById("texts").textContent);
const $ = (id) => document.getElementById(id);
const log = $("log"), input = $("text");

let me = null;              // {user, name}
let rooms = new Map();      // id → {id, title, private, messages: Map(seq → message), unread}
let current = "";           // id of the room that is shown
let quoting = null;         // the message that the next one quotes
let outbox = [];            // {id, room, text, replyTo, state}
let source = null;

// The persona of the sample belongs to the tab, so that two tabs can be two
// people.
let persona = new URLSearchParams(location.search).get("as") || sessionStorage.getItem("as") || "";

const lang = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat(lang, { month: "long", day: "numeric", weekday: "long" });

function el(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function as(path) {
  return persona ? path + (path.includes("?") ? "&" : "?") + "as=" + encodeURIComponent(persona) : path;
}

function connect() {
  if (source) source.close();
  source = new EventSource(as("/api/events"));
  source.addEventListener("hello", (e) => hello(JSON.parse(e.data)));
  source.addEventListener("message", (e) => arrived(JSON.parse(e.data)));
  source.addEventListener("toast", (e) => toast(JSON.parse(e.data).text));
  source.onerror = () => {
    $("state").textContent = T.offline;
    if (source.readyState === EventSource.CLOSED) {
      // The server refused the stream: the session may be over.
      fetch(as("/api/events"), { method: "HEAD" }).then((r) => {
        if (r.status === 401 && !persona) location.href = "/enter";
        else { sessionStorage.removeItem("as"); persona = ""; }
      }).catch(() => {}).finally(() => setTimeout(connect, 2000));
    }
  };
}

function hello(h) {
  me = h.me;
  $("state").textContent = "";
  const before = rooms;
  rooms = new Map();
  for (const r of h.rooms) {
    const messages = new Map((r.messages || []).map((m) => [m.seq, m]));
    rooms.set(r.id, { id: r.id, title: r.title, private: r.private, messages, unread: before.get(r.id)?.unread || 0 });
  }
  if (h.personas) {
    persona = me.user;
    sessionStorage.setItem("as", persona);
    personas(h.personas);
  }
  $("pages").hidden = h.personas && !h.personas.find((p) => p.user === me.user)?.secretary;
  if (!rooms.has(current)) current = rooms.keys().next().value;
  flush();
  showRooms();
  showRoom();
}

function personas(list) {
  const select = $("persona");
  select.closest("label").hidden = false;
  select.replaceChildren(...list.map((p) => {
    const o = el("option", "", p.name + (p.secretary ? "（" + T.secretary + "）" : ""));
    o.value = p.user;
    o.selected = p.user === me.user;
    return o;
  }));
}

// The pages are entered by a form, as if the button of a link had been pressed.
$("pages").addEventListener("click", async () => {
  const r = await post("/api/pages", {}).catch(() => null);
  if (!r?.ok) return toast(r ? await r.text() : T.offline);
  const { path, key } = await r.json();
  const form = el("form");
  const field = el("input");
  form.method = "post";
  form.action = path;
  field.type = "hidden";
  field.name = "key";
  field.value = key;
  form.append(field);
  document.body.append(form);
  form.submit();
});

$("persona").addEventListener("change", (e) => {
  persona = e.target.value;
  sessionStorage.setItem("as", persona);
  const private_ = rooms.get(current)?.private;
  current = private_ ? "dm:" + persona : current;
  quoting = null;
  connect();
});

function arrived(m) {
  const room = rooms.get(m.room);
  if (!room) return;
  const known = room.messages.has(m.seq);
  room.messages.set(m.seq, m);
  outbox = outbox.filter((o) => me.user + ":" + o.id !== m.key);
  if (m.room === current && !document.hidden) {
    showRoom();
  } else if (!known && m.user !== me.user) {
    room.unread++;
    if (m.room === current) showRoom();
  }
  showRooms();
}

function showRooms() {
  let unread = 0;
  $("room-list").replaceChildren(...[...rooms.values()].map((r) => {
    unread += r.unread;
    const b = el("button");
    b.type = "button";
    const face = el("span", "avatar " + (r.private ? "bot" : "c3"), r.private ? "支" : [...r.title][0]);
    face.setAttribute("aria-hidden", "true");
    b.append(face, el("span", "name", r.title));
    if (r.unread) b.append(el("span", "unread", r.unread));
    if (r.id === current) b.setAttribute("aria-current", "true");
    b.addEventListener("click", () => { current = r.id; quoting = null; menu(false); showRooms(); showRoom(true); input.focus(); });
    const li = el("li");
    li.append(b);
    return li;
  }));
  document.title = (unread ? "(" + unread + ") " : "") + T.title;
  $("menu").toggleAttribute("data-unread", unread > 0);
}

function showRoom(jump) {
  const room = rooms.get(current);
  if (!room) return;
  const bottom = jump || log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  $("title").textContent = room.title;
  $("attach").hidden = !room.private;
  if (!document.hidden) room.unread = 0;
  const list = [...room.messages.values()].sort((a, b) => a.seq - b.seq);
  const nodes = [];
  let day = "";
  for (const m of list) {
    const d = date.format(m.at);
    if (d !== day) nodes.push(el("div", "day", (day = d)));
    nodes.push(draw(m, room));
  }
  for (const o of outbox.filter((o) => o.room === current)) nodes.push(drawUnsent(o));
  if (!nodes.length) nodes.push(el("p", "empty", T.empty));
  const focus = document.activeElement?.dataset?.key;
  log.replaceChildren(...nodes);
  if (focus) log.querySelector('[data-key="' + CSS.escape(focus) + '"]')?.focus();
  if (bottom) log.scrollTop = log.scrollHeight;
  showQuoting();
}

function colour(name) {
  let h = 0;
  for (const c of name) h = (h * 31 + c.codePointAt(0)) % 997;
  return "c" + (h % 8);
}

function frame(m) {
  const mine = m.user && m.user === me.user;
  const box = el("article", "message" + (mine ? " mine" : "") + (m.bot ? " from-bot" : ""));
  const name = m.bot ? T.bot : m.name;
  const face = el("span", "avatar " + (m.bot ? "bot" : colour(name)), m.bot ? "支" : [...name][0]);
  face.setAttribute("aria-hidden", "true");
  const body = el("div", "body"), who = el("div", "who");
  who.append(el("bdi", "", name), el("time", "", clock.format(m.at)));
  body.append(who);
  box.append(face, body);
  return { box, body, who };
}

function plain(m) { return (m.spans || []).map((s) => s.t).join("").replace(/\s+/g, " ").slice(0, 80); }

function draw(m, room) {
  const { box, body, who } = frame(m);
  const bubble = el("div", "bubble");
  const quoted = m.replyTo && room.messages.get(m.replyTo);
  if (quoted) bubble.append(el("span", "quoted", (quoted.bot ? T.bot : quoted.name) + "：" + plain(quoted)));
  if (m.media) bubble.append(media(m.media));
  for (const s of m.spans || []) bubble.append(span(s));
  body.append(bubble);
  if (m.buttons) body.append(...m.buttons.map((row, i) => buttons(m, row, i)));
  const quote = el("button", "quote", T.quote);
  quote.type = "button";
  quote.dataset.key = "q" + m.seq;
  quote.addEventListener("click", () => { quoting = m; showQuoting(); input.focus(); });
  who.append(quote);
  return box;
}

function span(s) {
  if (s.u && /^https?:/.test(s.u)) {
    const a = el("a", "", s.t);
    a.href = s.u;
    a.rel = "noopener noreferrer";
    a.target = "_blank";
    return a;
  }
  const tag = { bold: "strong", italic: "em", code: "code" }[s.s];
  return tag ? el(tag, "", s.t) : document.createTextNode(s.t);
}

function media(m) {
  if (m.name) {
    const a = el("a", "file", "📄 " + m.name);
    a.href = as("/media/" + m.hash);
    a.download = m.name;
    a.title = T.download;
    return a;
  }
  const img = el("img");
  img.src = as("/media/" + m.hash);
  img.alt = m.alt;
  img.addEventListener("load", () => { if (log.scrollHeight - log.scrollTop - log.clientHeight < img.height + 160) log.scrollTop = log.scrollHeight; });
  return img;
}

function buttons(m, row, i) {
  const box = el("div", "buttons");
  row.forEach((b, j) => {
    const e = el("button", "", b.l);
    e.type = "button";
    e.dataset.key = "b" + m.seq + "." + i + "." + j;
    e.addEventListener("click", () => press(m, b.d));
    box.append(e);
  });
  return box;
}

function drawUnsent(o) {
  const { box, body } = frame({ user: me.user, name: me.name, at: o.at });
  body.append(el("div", "bubble", o.text), el("div", "mark", o.failed || (o.tries > 1 ? T.unsent : "…")));
  box.classList.toggle("failed", !!o.failed);
  return box;
}

function showQuoting() {
  $("quoting").hidden = !quoting;
  if (quoting) $("quoting").firstElementChild.textContent = (quoting.bot ? T.bot : quoting.name) + "：" + plain(quoting);
}
$("quoting").lastElementChild.addEventListener("click", () => { quoting = null; showQuoting(); });

function newID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

function post(path, body) {
  return fetch(as(path), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

function send() {
  const text = input.value;
  if (!text.trim() || !current) return;
  outbox.push({ id: newID(), room: current, text, replyTo: quoting ? quoting.seq : 0, at: Date.now(), tries: 0 });
  input.value = "";
  quoting = null;
  grow();
  showRoom(true);
  flush();
}

let flushing = false;
async function flush() {
  if (flushing) return;
  flushing = true;
  for (let o; (o = outbox.find((o) => !o.failed)); ) {
    o.tries++;
    let r = null;
    try { r = await post("/api/send", { id: o.id, room: o.room, text: o.text, replyTo: o.replyTo }); } catch { /* offline */ }
    if (r && r.ok) { outbox = outbox.filter((x) => x !== o); showRoom(); continue; }
    if (r && r.status >= 400 && r.status < 500 && r.status !== 429) { o.failed = T.refused + "：" + (await r.text()).trim(); showRoom(); continue; }
    showRoom();
    await new Promise((done) => setTimeout(done, Math.min(1000 * o.tries, 10000)));
  }
  flushing = false;
}

async function press(m, data) {
  const id = newID();
  for (let tries = 1; tries < 6; tries++) {
    try {
      const r = await post("/api/press", { id, room: m.room, seq: m.seq, data });
      if (r.ok) return;
      if (r.status < 500 && r.status !== 429) return toast((await r.text()).trim());
    } catch { /* offline */ }
    await new Promise((done) => setTimeout(done, 1000 * tries));
  }
  toast(T.refused);
}

$("attach").querySelector("input").addEventListener("change", async (e) => {
  const file = e.target.files[0];
  e.target.value = "";
  if (!file) return;
  try {
    const r = await fetch(as("/api/file?id=" + newID() + "&name=" + encodeURIComponent(file.name)), { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
    if (!r.ok) toast((await r.text()).trim());
  } catch { toast(T.refused); }
});

let toastTimer = 0;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").hidden = true), 4000);
}

function grow() {
  input.style.height = "auto";
  input.style.height = Math.min(input.scrollHeight + 2, 160) + "px";
}
input.addEventListener("input", grow);
input.addEventListener("keydown", (e) => {
  // Enter that ends the choice of an input method must not send.
  if (e.key !== "Enter" || e.shiftKey || e.isComposing || e.keyCode === 229) return;
  e.preventDefault();
  send();
});
$("compose").addEventListener("submit", (e) => { e.preventDefault(); send(); });

function menu(show) {
  $("rooms").classList.toggle("shown", show);
  $("menu").setAttribute("aria-expanded", show);
}
$("menu").addEventListener("click", () => menu(!$("rooms").classList.contains("shown")));
document.addEventListener("keydown", (e) => { if (e.key === "Escape") menu(false); });
document.querySelector("main").addEventListener("click", (e) => { if (e.target !== $("menu")) menu(false); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && rooms.size) { showRoom(); showRooms(); } });

connect();
