// The desk of hotline staff: everything by keyboard. Markup comes from the server; htmx does the requests.
"use strict";
const byId = (id) => document.getElementById(id);
const box = byId("q"), results = byId("results"), panel = byId("item"), dialog = byId("correction");
const PREVIEW_MS = 180;
const EARLIER = 5;
let timer = 0, shown = "", earlier = [];
let answered = "", wanted = false;  // the query whose hits are shown; whether Enter was pressed before its hits came

// -- the list ------------------------------------------------------------------------------------------------
const hits = () => [...results.querySelectorAll(".hit")];
const selected = () => results.querySelector('.hit[aria-selected="true"]');

function select(hit, wait = PREVIEW_MS) {
  hits().forEach((one) => one.setAttribute("aria-selected", String(one === hit)));
  clearTimeout(timer);
  if (!hit) {
    box.removeAttribute("aria-activedescendant");
    return;
  }
  box.setAttribute("aria-activedescendant", hit.id);
  hit.scrollIntoView({ block: "nearest" });
  timer = setTimeout(() => show(hit.dataset.href, "GET"), wait);
}

function move(step) {
  const all = hits(), at = all.indexOf(selected());
  if (all.length) select(all[Math.max(0, Math.min(all.length - 1, at + step))]);
}

function show(href, method) {
  clearTimeout(timer);
  if (method === "GET" && href === shown) return Promise.resolve(true);
  if (new URL(href, location.href).pathname !== new URL(shown || "/", location.href).pathname) panel.scrollTop = 0;
  shown = href;
  return htmx.ajax(method, href, { source: "#item", target: "#item", swap: "innerHTML" }).then(() => true, () => false);
}

async function open(href) {
  if (!await show(href, "POST")) return;  // another item was opened meanwhile
  const item = new URL(href, location.href).pathname.split("/").pop();
  history.replaceState(null, "", "/hotline?item=" + encodeURIComponent(item));
  panel.scrollTop = 0;
  panel.focus({ preventScroll: true });
}

results.addEventListener("click", (event) => {
  const hit = event.target.closest(".hit");
  if (!hit || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  select(hit);
  open(hit.dataset.href);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === results) {
    answered = event.detail.requestConfig.formData.get("q");
    const first = hits()[0];
    results.setAttribute("aria-busy", String(answered !== box.value));
    if (box.value.trim()) select(first);
    if (wanted && answered === box.value && first) { wanted = false; open(first.dataset.href); }
  } else if (event.detail.target === byId("correction-result")) {
    dialog.querySelector("[name=question]").focus();
  }
});

// -- the box -------------------------------------------------------------------------------------------------
function fit() {
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight + 2, 132) + "px";
}
box.addEventListener("input", () => {
  wanted = false;
  results.setAttribute("aria-busy", "true");
  fit();
});

// What was asked before, with the item that the search had first: often the question that failed.
function remember() {
  const text = box.value.trim(), first = answered === box.value ? hits()[0] : null;
  if (text) earlier = [{ text, shown: first ? first.dataset.item : "" }, ...earlier.filter((one) => one.text !== text)].slice(0, EARLIER);
}

function back() {
  if (document.activeElement === box && box.value) {
    remember();
    box.value = "";
    fit();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  box.focus();
  box.select();
}

// -- the item ------------------------------------------------------------------------------------------------
const visible = (selector) => [...panel.querySelectorAll(selector)].find((one) => one.offsetParent !== null || one.closest("aside"));

function jump(key) {
  const part = visible(`[data-key="${key}"]`);
  if (!part) return;
  panel.querySelectorAll(".here").forEach((one) => one.classList.remove("here"));
  part.classList.add("here");
  part.scrollIntoView({ block: "nearest" });
  if (document.activeElement !== box) part.focus({ preventScroll: true });
}

function toast(text) {
  byId("toast").textContent = text;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { byId("toast").textContent = ""; }, 2500);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    panel.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast("已复制，可以粘贴到短信或微信里。");
}

function speak() {
  const pressed = panel.querySelector('[data-do="speak"]').getAttribute("aria-pressed") !== "true";
  panel.querySelector('[data-do="speak"]').setAttribute("aria-pressed", String(pressed));
  panel.querySelectorAll(".spoken").forEach((one) => { one.hidden = !pressed; });
  const part = visible(".spoken");
  if (pressed && part) part.scrollIntoView({ block: "start" });
}

function message() {
  const shownPanel = visible(".panel");
  const columns = [...shownPanel.querySelectorAll(".spoken .message")];
  const chosen = [...shownPanel.querySelectorAll('[data-key="1"] .column')].findIndex((one) => one.classList.contains("chosen"));
  return chosen >= 0 ? columns[chosen].value : columns.map((one) => one.value).join("\n\n");
}

function correct() {
  const article = panel.querySelector("article");
  remember();
  const take = (one) => {
    dialog.querySelector("[name=question]").value = one.text;
    dialog.querySelector("[name=shown]").value = one.shown;
  };
  take(earlier[0] || { text: "", shown: "" });
  dialog.querySelector("[name=item]").value = article ? `${article.dataset.item} ${article.dataset.name}` : "";
  dialog.querySelector("[name=note]").value = "";
  byId("correction-result").replaceChildren();
  byId("earlier").replaceChildren(...earlier.map((one) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = one.text.slice(0, 20);
    button.addEventListener("click", () => take(one));
    return button;
  }));
  dialog.showModal();
}
byId("correction-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => box.focus());

function tab(button) {
  const all = [...panel.querySelectorAll('[role="tab"]')];
  all.forEach((one) => {
    const on = one === button;
    one.setAttribute("aria-selected", String(on));
    one.tabIndex = on ? 0 : -1;
    byId(one.getAttribute("aria-controls")).hidden = !on;
  });
  button.focus();
}

const DO = {
  speak, correct,
  copy: () => copy(message()),
  pin: () => panel.querySelector('[data-do="pin"]').click(),
  print: () => panel.querySelector('[data-do="print"]').click(),
};

panel.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]"), link = event.target.closest("a[data-href]"), other = event.target.closest('[role="tab"]');
  if (other) tab(other);
  else if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open(link.dataset.href); }
  else if (button && button.dataset.do === "copy-message") copy(button.parentElement.querySelector(".message").value);
  else if (button && ["speak", "copy", "correct"].includes(button.dataset.do)) DO[button.dataset.do]();
});

// -- keys ----------------------------------------------------------------------------------------------------
const LETTERS = { r: "speak", c: "copy", s: "pin", p: "print", w: "correct" };

document.addEventListener("keydown", (event) => {
  if (dialog.open || event.isComposing || event.ctrlKey || event.metaKey) return;
  const target = event.target, inBox = target === box, typing = target.matches("input, textarea, select") && !target.readOnly;
  const key = event.key.toLowerCase();
  if (key === "escape") { event.preventDefault(); back(); return; }
  if (target.getAttribute("role") === "tab" && (key === "arrowleft" || key === "arrowright")) {
    const all = [...panel.querySelectorAll('[role="tab"]')];
    const next = all[(all.indexOf(target) + (key === "arrowright" ? 1 : all.length - 1)) % all.length];
    event.preventDefault();
    tab(next);
    return;
  }
  if (inBox && !event.altKey) {
    if (key === "arrowdown" || key === "arrowup") { event.preventDefault(); move(key === "arrowdown" ? 1 : -1); }
    else if (key === "enter" && !event.shiftKey) {
      event.preventDefault();
      remember();
      wanted = answered !== box.value;
      if (!wanted && selected()) open(selected().dataset.href);
    }
    return;
  }
  if (typing && !(inBox && event.altKey)) return;
  const code = event.altKey ? event.code.replace(/^(Digit|Numpad|Key)/, "").toLowerCase() : key;
  if ("1234".includes(code)) { event.preventDefault(); jump(code); }
  else if (code === "/") { event.preventDefault(); back(); }
  else if (LETTERS[code] && (panel.querySelector("article") || code === "w")) { event.preventDefault(); DO[LETTERS[code]](); }
});

if (panel.dataset.open) window.addEventListener("load", () => show("/hotline/items/" + panel.dataset.open, "GET"));
