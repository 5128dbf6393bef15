// The chat page: keeps the conversation, sends what the resident says, shows what comes back.

import * as api from "./api.js";
import { replyCard, retire } from "./card.js";
import { byId, el, empty, icon, withPhones } from "./dom.js";
import { customOf } from "./reply.js";
import * as store from "./store.js";
import { suggestions } from "./suggest.js";
import { voiceInput } from "./voice.js";

const KEPT_TURNS = 100;
const SIZES = ["standard", "large", "xlarge"];
const EXPLAINED = {
  offline: "您的设备没有联网，请连上网络后重试。",
  unreachable: "现在连不上服务器，您的问题还没有得到回答。请稍后重试，或拨打政务服务便民热线 12345。",
  busy: "问得太快了，请过一会儿再试。",
  refused: "这条消息服务器没有接受，请换个说法再问。",
  interrupted: "上次没有等到回答，请重试。",
};

const page = new URLSearchParams(location.search);
const log = byId("log");
const input = byId("message");
let turns = loadTurns();
let places = [];
let placesReady = null;
let pending = false;

const hooks = { say, tell, keep };

// -- the conversation ----------------------------------------------------------------------------------------

function loadTurns() {
  const kept = store.load("turns", []);
  return (Array.isArray(kept) ? kept : []).filter((turn) => turn && (typeof turn.question === "string" || typeof turn.note === "string"));
}

function keep() {
  turns = turns.slice(-KEPT_TURNS);
  store.save("turns", turns);
}

/** Show the whole conversation anew, without reading it out again. */
function showAll() {
  log.setAttribute("aria-busy", "true");
  empty(log);
  if (turns.length) log.append(privacyNote());
  turns.forEach((turn, index) => log.append(turnNode(turn, index === turns.length - 1)));
  log.removeAttribute("aria-busy");
  byId("examples").hidden = turns.length > 0;
}

/** What a conversation begins with: the law wants it said before anything is kept. */
function privacyNote() {
  const more = el("a", { href: "/privacy", target: "_blank", rel: "noopener" }, "隐私说明");
  return el("p", { class: "told" }, "您的提问会隐去证件号、电话等号码后保存一段时间，用来接续对话、改进回答；不需要留姓名。您可以随时在页面上方导出或删除。", more);
}

function turnNode(turn, isLatest) {
  if (turn.note) return el("p", { class: "turn switch" }, turn.note);
  const node = el("div", { class: "turn" }, el("p", { class: "mine" }, el("span", { class: "unseen" }, "您说："), turn.question));
  answerInto(node, turn, isLatest);
  return node;
}

function answerInto(node, turn, isLatest) {
  if (turn.messages) {
    try {
      node.append(replyCard(turn, isLatest, hooks));
    } catch (error) {
      console.error(error);
      node.append(el("article", { class: "reply", "aria-label": "助手的回答" }, el("p", null, turn.messages.map((one) => one.text).join("\n"))));
    }
  } else if (turn !== inFlight()) node.append(failureCard(turn, isLatest));
}

function inFlight() {
  return pending ? turns[turns.length - 1] : null;
}

function failureCard(turn, isLatest) {
  const card = el("article", { class: "reply failure", "aria-label": "没有得到回答" }, el("p", null, ...withPhones(EXPLAINED[turn.failed] || EXPLAINED.interrupted)));
  if (isLatest && turn.failed !== "refused") {
    card.append(el("button", { type: "button", class: "primary retry", onclick: () => retry(turn, card) }, "重试"));
  }
  return card;
}

function retry(turn, card) {
  if (pending) return;
  const node = card.parentNode;
  card.remove();
  input.focus();
  ask(turn, node);
}

/** Say something: typed, tapped or chosen, it is the same plain text. */
function say(text) {
  const question = text.trim();
  if (!question) return input.focus();
  if (pending) return tell("请稍等，上一个问题还在查。");
  const before = turns[turns.length - 1];
  if (before && !before.note) before.chosen = question;
  if (log.lastElementChild) retire(log.lastElementChild, question);
  else log.append(privacyNote());
  const turn = { question };
  turns.push(turn);
  pending = true;
  const node = turnNode(turn, true);
  log.append(node);
  byId("examples").hidden = true;
  leaveBox(node);
  return ask(turn, node);
}

/** Keep the keyboard's user in the text box, but put a phone's screen keyboard away: it would cover the answer. */
function leaveBox(node) {
  if (!window.matchMedia("(pointer: coarse)").matches) return input.focus({ preventScroll: true });
  node.tabIndex = -1;
  return node.focus({ preventScroll: true });
}

async function ask(turn, node) {
  pending = true;
  delete turn.failed;
  keep();
  byId("typing").replaceChildren(el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), "正在查找…");
  scrollTo(byId("typing"), "end");
  try {
    await (places.length ? placesReady : connect(true));
    turn.messages = await api.talk(turn.question, byId("place").value);
    byId("offline").hidden = true;
    followPlace(customOf(turn.messages).jurisdiction);
  } catch (error) {
    turn.failed = error.kind || "unreachable";
  }
  if (!turns.includes(turn)) return; // cleared in the meantime
  pending = false;
  empty(byId("typing"));
  keep();
  answerInto(node, turn, true);
  scrollTo(node, node.offsetHeight > window.innerHeight - byId("composer").offsetHeight ? "start" : "end");
}

function scrollTo(node, block) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  node.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
}

function tell(text) {
  const toast = byId("toast");
  toast.textContent = text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => empty(toast), 8000);
}

// -- the text box --------------------------------------------------------------------------------------------

const list = suggestions(input, byId("suggestions"), {
  look: async (query, signal) => {
    const found = await api.search(query, byId("place").value, signal);
    return found.map((one) => {
      const place = places.find((known) => known.id === one.jurisdiction);
      const isOpen = place && !byId("place").value;
      return { label: one.name, hint: isOpen ? place.short : "", value: isOpen ? place.name.replace(/（.*?）/g, "") + one.name : one.name };
    });
  },
  choose: (value) => { clearBox(); say(value); },
  announce: (text) => { byId("announcer").textContent = text; },
});

function clearBox() {
  input.value = "";
  fit();
}

/** Grow with the text up to a third of the window. */
function fit() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight + 2, window.innerHeight / 3)}px`;
}

function send() {
  if (pending) return tell("请稍等，上一个问题还在查。");
  const text = input.value;
  list.close();
  if (text.trim()) clearBox();
  return say(text);
}

input.addEventListener("input", fit);
input.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return; // the input method's own Enter and arrows
  if (list.handleKey(event)) {
    event.preventDefault();
    event.stopPropagation();
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  }
});
byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
for (const example of byId("examples").children) example.addEventListener("click", () => say(example.textContent));

// -- settings ------------------------------------------------------------------------------------------------

function setSize(size) {
  document.documentElement.dataset.size = SIZES.includes(size) ? size : SIZES[0];
  for (const button of document.querySelectorAll(".sizes button")) {
    button.setAttribute("aria-pressed", String(button.dataset.size === document.documentElement.dataset.size));
  }
  fit();
}

for (const button of document.querySelectorAll(".sizes button")) {
  button.addEventListener("click", () => {
    store.save("size", button.dataset.size);
    setSize(button.dataset.size);
  });
}

/** Fill the list of places. The page that embeds the chat may name one; what the resident chooses later wins. */
async function loadPlaces() {
  const select = byId("place");
  places = await api.jurisdictions();
  for (const place of places) {
    if (!Array.from(select.options).some((option) => option.value === place.id)) {
      select.append(el("option", { value: place.id }, place.short || place.name));
    }
  }
  const given = page.get("place") || "";
  const kept = store.load("place", {});
  const wanted = given && kept.given !== given ? { id: given, chosen: given } : kept;
  select.value = places.some((place) => place.id === wanted.id) ? wanted.id : "";
  savePlace(places.some((place) => place.id === wanted.chosen) ? wanted.chosen : "");
}

/** chosen: what the resident or the embedding page has set, "" for nothing; the conversation may be about another place. */
function savePlace(chosen) {
  store.save("place", { id: byId("place").value, chosen, given: page.get("place") || "" });
}

/** Show the place that the conversation is about by now, so that nobody reads another place's rules unawares. */
function followPlace(id) {
  if (!places.some((place) => place.id === id) || byId("place").value === id) return;
  byId("place").value = id;
  savePlace(store.load("place", {}).chosen || "");
}

/** Fetch the places. Where the server does not answer, say so, unless `quiet`. Never fails. */
function connect(quiet) {
  const notice = byId("offline");
  placesReady = loadPlaces().then(() => { notice.hidden = true; }, (error) => {
    if (quiet) return;
    if (!notice.hidden) tell("还是连不上，请稍后再试。");
    const text = error.kind === "offline" ? EXPLAINED.offline : "现在连不上服务器，暂时不能回答问题。急事请拨打政务服务便民热线 12345。";
    notice.hidden = false;
    notice.replaceChildren(el("p", null, ...withPhones(text)), el("button", { type: "button", class: "primary", onclick: () => connect() }, "重试"));
  });
  return placesReady;
}

byId("place").addEventListener("change", () => {
  savePlace(byId("place").value);
  const last = turns[turns.length - 1];
  if (!last || pending) return;
  // The server remembers a place once named; a fresh conversation makes the new choice count.
  store.leaveSession();
  if (last.note) {
    turns.pop();
    log.lastElementChild.remove();
  } else retire(log.lastElementChild, "");
  const chosen = byId("place");
  const note = { note: `办事地点改为：${chosen.options[chosen.selectedIndex].textContent}。请重新说要办的事。` };
  turns.push(note);
  keep();
  log.append(turnNode(note, true));
  scrollTo(log.lastElementChild, "end");
});

// -- clearing, other tabs, the frame ---------------------------------------------------------------------------

function clear() {
  store.forgetSessions(); // the next user of a shared device must not get at these records
  for (const key of ["turns", "ticks"]) store.remove(key);
  turns = [];
  pending = false;
  byId("place").value = store.load("place", {}).chosen || "";
  savePlace(byId("place").value);
  empty(byId("typing"));
  showAll();
  clearBox();
  input.focus();
  tell("对话已清除");
}

async function forget() {
  try {
    await api.forgetRecords();
  } catch (error) {
    return tell(`服务器上的记录没有删除：${EXPLAINED[error.kind] || EXPLAINED.unreachable}`);
  }
  clear();
  return tell("服务器和这台设备上的记录都已删除");
}

async function exportRecords() {
  let records;
  try {
    records = await api.exportRecords();
  } catch (error) {
    return tell(EXPLAINED[error.kind] || EXPLAINED.unreachable);
  }
  if (!records.length) return tell("服务器上没有这台设备的记录");
  const url = URL.createObjectURL(new Blob([JSON.stringify(records, null, 2)], { type: "application/json" }));
  el("a", { href: url, download: "我的咨询记录.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  return tell("已导出，请在下载的文件里查看");
}

const CONFIRMED = {
  clear: { title: "清除这次对话？", text: "这台设备上的对话和打过的勾都会删除，不能恢复。服务器上的提问到期删除；要现在就删，请选页面上方的「删除我的记录」。", yes: "清除", no: "不清除", then: clear },
  forget: { title: "删除我的记录？", text: "服务器上和这台设备上的对话、评价都会删除，不能恢复。", yes: "删除", no: "不删除", then: forget },
};

for (const [id, asked] of Object.entries(CONFIRMED)) {
  byId(id).addEventListener("click", () => {
    const dialog = byId("confirm");
    byId("confirm-title").textContent = asked.title;
    byId("confirm-text").textContent = asked.text;
    const [no, yes] = dialog.querySelectorAll("button");
    no.textContent = asked.no;
    yes.textContent = asked.yes;
    if (dialog.showModal) {
      dialog.returnValue = "no";
      dialog.onclose = () => { if (dialog.returnValue === "yes") asked.then(); };
      dialog.showModal();
    } else if (window.confirm(asked.title)) asked.then();
  });
}
byId("export").addEventListener("click", exportRecords);

store.watch((key) => {
  if (pending || (key !== "turns" && key !== null)) return;
  turns = loadTurns();
  showAll();
});

if (page.get("embed") === "1") {
  document.body.classList.add("embed");
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !byId("confirm").open && window.parent !== window) {
      window.parent.postMessage({ type: "chat-close" }, "*");
    }
  });
}

byId("voice").replaceChildren(icon("voice"), "语音");
setSize(store.load("size", SIZES[0]));
showAll();
voiceInput(byId("voice"), input, tell);
connect();
if (turns.length) log.lastElementChild.scrollIntoView({ block: customOf(turns[turns.length - 1].messages || []).kind === "answer" ? "start" : "end" });
