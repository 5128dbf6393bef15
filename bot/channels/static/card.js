// Builds what is shown of one turn: the resident's message, the reply as a card, its tools and buttons.

import * as api from "./api.js";
import { el, icon, withPhones } from "./dom.js";
import { savePicture } from "./picture.js";
import { buttonsOf, customOf, parse, textOf, tickKey } from "./reply.js";
import * as store from "./store.js";

const UNSURE = "不知道"; // gets the answer for every branch
const APPLICANTS = { self: "本人办理", agent: "代办", unit: "单位办理" };

/**
 * Build the reply of `turn`. hooks: say(text) sends a message, keep() stores the turns, tell(text) shows a short
 * notice. isLatest: its buttons may still be pressed.
 */
export function replyCard(turn, isLatest, hooks) {
  const custom = customOf(turn.messages);
  const blocks = parse(turn.messages);
  const isAnswer = custom.kind === "answer";
  const card = el("article", { class: `reply ${isAnswer ? "answer" : "aside"}`, "aria-label": "助手的回答" });
  for (const block of blocks) card.append(...blockNodes(block, custom));
  const buttons = buttonsOf(turn.messages);
  if (custom.kind === "clarify" && buttons.length) card.append(options(buttons, turn.chosen, isLatest, hooks));
  else if (isLatest) card.append(...nextQuestions(buttons, custom, hooks));
  if (isAnswer) card.append(tools(turn, card, blocks, custom, hooks));
  if (isAnswer || custom.kind === "fallback") card.append(vote(turn, custom, hooks));
  return card;
}

/** Take the buttons of a reply out of use, because the conversation has gone on. */
export function retire(node, chosen) {
  for (const button of node.querySelectorAll(".options button")) {
    button.disabled = true;
    if (button.dataset.title === chosen) button.classList.add("chosen");
  }
  for (const gone of node.querySelectorAll(".next, .retry")) gone.remove();
}

// -- the facts -----------------------------------------------------------------------------------------------

function blockNodes(block, custom) {
  const nodes = [];
  if (block.title) {
    const who = custom.kind === "answer" && APPLICANTS[custom.applicant];
    nodes.push(el("header", null,
      el("h2", null, block.title),
      el("p", { class: "tags" }, block.place && el("span", { class: "tag" }, block.place), who && el("span", { class: "tag" }, who),
        custom.not_in_source === true && el("span", { class: "tag warn" }, "来源文件未载明"))));
  }
  const level = block.title ? 3 : 2;
  let facts = null;
  for (const part of block.parts) {
    if (part.type === "fact") {
      if (!facts) nodes.push((facts = el("dl", { class: "facts" })));
      facts.append(el("div", null, el("dt", null, part.label), el("dd", null, ...withPhones(part.value))));
      continue;
    }
    facts = null;
    if (part.type === "list") nodes.push(...listNodes(part, block, level, custom.item));
    else if (part.type === "text") nodes.push(el("p", null, ...withPhones(part.text)));
    else if (part.type === "note") nodes.push(el("p", { class: "note" }, el("strong", null, "提示："), part.text));
    else nodes.push(el("p", { class: "source" }, el("span", null, "来源："), part.text));
  }
  return nodes;
}

function listNodes(part, block, level, item) {
  const nodes = [];
  const boxes = [];
  const progress = el("span", { class: "progress" });
  if (part.heading) {
    const isCounted = part.role === "materials";
    nodes.push(el(`h${level}`, { class: isCounted && "counted" }, el("span", null, part.heading), isCounted && progress));
  }
  let branch = "";
  let list = null;
  for (const entry of part.entries) {
    if (entry.branch) {
      branch = entry.branch;
      nodes.push(el(`h${level + 1}`, { class: "branch" }, branch));
      list = null;
      continue;
    }
    if (!list) nodes.push((list = openList(part.role, entry)));
    if (part.role === "materials") {
      const box = tickBox(tickKey(item, block, branch, entry.text), () => count(boxes, progress));
      boxes.push(box);
      list.append(el("li", null, el("label", null, box, el("span", null, entry.text))));
    } else list.append(el("li", { "data-number": entry.number }, el("span", null, ...withPhones(entry.text))));
  }
  if (boxes.length) count(boxes, progress);
  else progress.remove();
  return nodes;
}

function openList(role, first) {
  if (role === "materials") return el("ul", { class: "checks", role: "list" });
  if (first.number === null) return el("ul", { class: "bullets" });
  return el("ol", { class: role === "steps" ? "numbers steps" : "numbers", role: "list", start: first.number });
}

function tickBox(key, changed) {
  const box = el("input", { type: "checkbox", "data-key": key });
  box.checked = Boolean(store.load("ticks", {})[key]);
  box.addEventListener("change", () => {
    const ticks = store.load("ticks", {});
    if (box.checked) ticks[key] = 1;
    else delete ticks[key];
    store.save("ticks", ticks);
    changed();
    for (const twin of document.querySelectorAll("input[data-key]")) {
      if (twin !== box && twin.dataset.key === key && twin.checked !== box.checked) {
        twin.checked = box.checked;
        twin.dispatchEvent(new Event("recount"));
      }
    }
  });
  box.addEventListener("recount", changed);
  return box;
}

function count(boxes, progress) {
  progress.textContent = `已备 ${boxes.filter((box) => box.checked).length}/${boxes.length}`;
}

// -- the tools -----------------------------------------------------------------------------------------------

function tools(turn, card, blocks, custom, hooks) {
  const bar = el("div", { class: "tools", role: "group", "aria-label": "这条回答" });
  const add = (name, label, press) => bar.append(el("button", { type: "button", class: "plain", onclick: press }, icon(name), label));
  add("copy", "复制", () => copy(textOf(turn.messages), hooks.tell));
  add("print", "打印", () => print(card));
  add("picture", "存为图片", () => savePicture(blocks, custom).then(hooks.tell, () => hooks.tell("图片没有存成，请改用复制或打印。")));
  if (custom.item) {
    if (turn.flow && turn.flow.steps) addFlow(bar, turn, custom.item);
    else if (turn.flow !== null) {
      api.item(custom.item).then((item) => {
        turn.flow = item.flow_text ? { name: item.name, steps: item.flow_text.split("\n") } : null;
        hooks.keep();
        if (turn.flow) addFlow(bar, turn, custom.item);
      }, () => { /* without the picture the card is still complete */ });
    }
  }
  return bar;
}

/** Add a button that shows the item's flow chart, with the same in words below it. */
function addFlow(bar, turn, id) {
  const button = el("button", { type: "button", class: "plain", "aria-expanded": "false" }, icon("flow"), "看流程图");
  let figure = null;
  button.addEventListener("click", () => {
    const opens = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(opens));
    button.lastChild.textContent = opens ? "收起流程图" : "看流程图";
    if (!figure) {
      figure = flowFigure(turn.flow, id);
      bar.after(figure);
    }
    figure.hidden = !opens;
  });
  bar.append(button);
}

function flowFigure({ name, steps }, id) {
  const picture = el("img", { src: api.flowUrl(id), alt: `${name}流程图，下面有文字版` });
  const chart = el("div", { class: "chart", tabindex: "0", role: "group", "aria-label": "流程图" }, picture);
  picture.addEventListener("error", () => chart.replaceChildren(el("p", null, "流程图没有取到，请看下面的文字版。")));
  return el("figure", { class: "flow" }, chart, el("figcaption", null,
    el("p", { class: "slide" }, "图比屏幕宽时，可以左右滑动着看。"),
    el("a", { href: api.flowUrl(id), target: "_blank", rel: "noopener" }, "在新窗口看大图"),
    el("details", null, el("summary", null, "流程图的文字版"), el("ul", { role: "list" }, ...steps.map((step) => el("li", null, step))))));
}

async function copy(text, tell) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
    const focused = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (focused) focused.focus();
    if (!done) return tell("浏览器不允许复制，请长按文字自己选取。");
  }
  return tell("已复制");
}

function print(card) {
  card.classList.add("printed");
  document.body.classList.add("printing");
  const done = () => {
    card.classList.remove("printed");
    document.body.classList.remove("printing");
  };
  window.addEventListener("afterprint", done, { once: true });
  window.print();
}

// -- thumbs --------------------------------------------------------------------------------------------------

function vote(turn, custom, hooks) {
  const box = el("div", { class: "vote" });
  if (turn.vote) {
    box.append(el("p", null, turn.vote === "up" ? "您觉得这条有帮助，谢谢！" : "您反馈了这条没帮上忙，谢谢！"));
    return box;
  }
  const send = async (kind, reason) => {
    try {
      await api.feedback({ vote: kind, item: custom.item || null, question: turn.question, reason });
    } catch {
      return hooks.tell("反馈没有送出，请稍后再试。");
    }
    turn.vote = kind;
    hooks.keep();
    box.replaceChildren(el("p", { tabindex: "-1" }, "谢谢您的反馈！"));
    return box.firstChild.focus();
  };
  const up = el("button", { type: "button", class: "plain", onclick: () => send("up", "") }, icon("up"), "有帮助");
  const down = el("button", { type: "button", class: "plain", "aria-expanded": "false" }, icon("down"), "没帮上");
  const words = el("input", { type: "text", maxlength: "200", autocomplete: "off", "aria-label": "哪里没帮上（可以不填）", placeholder: "哪里没帮上（可以不填）" });
  const form = el("form", { hidden: true }, words, el("button", { type: "submit", class: "primary" }, "提交"));
  down.addEventListener("click", () => {
    form.hidden = !form.hidden;
    down.setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) words.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("down", words.value.trim());
  });
  box.append(el("div", { role: "group", "aria-label": "这条回答有帮助吗" }, up, down), form);
  return box;
}

// -- buttons -------------------------------------------------------------------------------------------------

function options(titles, chosen, isLatest, hooks) {
  const list = el("ol", { class: "options", role: "list" });
  titles.forEach((title, index) => {
    const button = el("button", { type: "button", "data-title": title, onclick: () => hooks.say(title) },
      el("span", { class: "ordinal" }, `${index + 1}`), el("span", null, title));
    button.disabled = !isLatest;
    if (!isLatest && title === chosen) button.classList.add("chosen");
    list.append(el("li", null, button));
  });
  const unsure = el("button", { type: "button", class: "unsure", "data-title": UNSURE, onclick: () => hooks.say(UNSURE) }, "说不清，都列出来");
  unsure.disabled = !isLatest;
  if (!isLatest && chosen === UNSURE) unsure.classList.add("chosen");
  list.append(el("li", null, unsure));
  return list;
}

function nextQuestions(titles, custom, hooks) {
  const all = custom.kind === "fallback" && !titles.includes("转人工") ? [...titles, "转人工"] : titles;
  if (!all.length) return [];
  const row = el("div", { class: "choices" }, ...all.map((title) => el("button", { type: "button", onclick: () => hooks.say(title) }, title)));
  const label = custom.kind === "fallback" ? "您还可以" : "您还可以问";
  return [el("div", { class: "next", role: "group", "aria-label": label }, el("p", { "aria-hidden": "true" }, `${label}：`), row)];
}
