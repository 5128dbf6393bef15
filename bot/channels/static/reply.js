// Reads the text of a reply into the parts of a card. The text alone is the complete answer; a line that fits no
// pattern is simply a paragraph, so nothing is ever lost.

const TITLE = /^【(.+?)】(.*)$/;
const HEADING = /^([^：]{2,60})：$/;
const BRANCH = /^〔(.+)〕$/;
const NUMBERED = /^(\d{1,3})[.．、] ?(.+)$/;
const BULLET = /^· ?(.+)$/;
const NOTE = /^提示：(.+)$/;
const SOURCE = /^来源：(.+)$/;
const FOLLOW_UP = /^您还可以问：(.+)$/;
const FACT = /^([^：。；，\d\s][^：。；，]{0,14})：(.+)$/;
const LONG = 200; // a line this long may have been cut between two messages

/** Return the whole text of a turn. */
export function textOf(messages) {
  return messages.map((message) => message.text).join("\n");
}

/** Return the one machine-readable form of the turn, {} if there is none. */
export function customOf(messages) {
  const found = messages.find((message) => message.custom && typeof message.custom === "object");
  return found ? found.custom : {};
}

/** Return the titles of the buttons: the options of a question back, or next questions. */
export function buttonsOf(messages) {
  const custom = customOf(messages);
  const given = custom.kind === "clarify" && Array.isArray(custom.options) ? custom.options : [];
  const buttons = given.length ? given : messages.flatMap((message) => (Array.isArray(message.buttons) ? message.buttons : []));
  return buttons.map((button) => button && button.title).filter((title) => typeof title === "string" && title);
}

/**
 * Return the blocks of a turn: [{title, place, parts}]. A part is one of {type: "text"|"note"|"source", text},
 * {type: "fact", label, value}, {type: "list", heading, role: "materials"|"steps"|"plain", entries}; an entry is
 * {branch} or {number, text} (number null for a bullet).
 */
export function parse(messages) {
  const isAnswer = customOf(messages).kind === "answer";
  const buttons = buttonsOf(messages);
  const blocks = [];
  let block = null;
  let list = null;

  const open = (title, place) => blocks.push((block = { title, place, parts: [] }));
  const add = (part) => {
    if (!block) open("", "");
    block.parts.push(part);
    list = part.type === "list" ? part : null;
  };
  const enter = (entry) => {
    if (!list) add({ type: "list", heading: "", role: "plain", entries: [] });
    list.entries.push(entry);
  };

  for (const raw of textOf(messages).split("\n")) {
    const line = raw.trim();
    let found;
    if (!line) list = null;
    else if ((found = TITLE.exec(line))) {
      open(found[1], isAnswer ? found[2] : "");
      list = null;
      if (!isAnswer && found[2]) add({ type: "text", text: found[2] });
    } else if ((found = NUMBERED.exec(line))) {
      if (isAnswer || !buttons.includes(found[2])) enter({ number: Number(found[1]), text: found[2] });
    } else if ((found = BRANCH.exec(line))) enter({ branch: found[1] });
    else if ((found = BULLET.exec(line))) enter({ number: null, text: found[1] });
    else if (!isAnswer) add({ type: "text", text: line });
    else if ((found = FOLLOW_UP.exec(line))) {
      if (!buttons.length) add({ type: "text", text: line });
    } else if ((found = HEADING.exec(line))) add({ type: "list", heading: found[1], role: role(found[1]), entries: [] });
    else if ((found = NOTE.exec(line))) add({ type: "note", text: found[1] });
    else if ((found = SOURCE.exec(line))) add({ type: "source", text: found[1] });
    else if ((found = FACT.exec(line))) add({ type: "fact", label: found[1], value: found[2] });
    else if (isContinuation(list)) list.entries[list.entries.length - 1].text += line;
    else add({ type: "text", text: line });
  }
  return blocks;
}

/** Return the name under which a material's tick is kept: the same paper of the same item keeps its tick. */
export function tickKey(item, block, branch, text) {
  return [item || "", block.title, block.place, branch, text].join("|");
}

function role(heading) {
  if (heading.startsWith("办理材料") || heading.includes("材料清单")) return "materials";
  return heading.startsWith("办理流程") || heading.startsWith("办理环节") ? "steps" : "plain";
}

function isContinuation(list) {
  const last = list && list.entries[list.entries.length - 1];
  return Boolean(last && last.text && last.text.length > LONG);
}
