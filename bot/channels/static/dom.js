// Small helpers for building the page. Text only ever becomes text nodes: nothing here parses HTML.

/** Build an element. Attributes starting with "on" are listeners; null, undefined and false are left out. */
export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function byId(id) {
  return document.getElementById(id);
}

export function empty(node) {
  while (node.firstChild) node.removeChild(node.firstChild);
}

const PATHS = {
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  print: "M7 8V3h10v5M7 17H4V9h16v8h-3M7 14h10v7H7z",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5h.01",
  flow: "M8 3h8v5H8zM3 16h7v5H3zM14 16h7v5h-7zM12 8v4M6.5 16v-4h11v4",
  up: "M7 11l4-8c1.7 0 2.5 1.2 2.2 2.8L12.7 9H18c1.4 0 2.3 1.2 2 2.5l-1.5 7c-.2 1-1 1.5-2 1.5H7zM3 11h4v9H3z",
  down: "M7 13l4 8c1.7 0 2.5-1.2 2.2-2.8L12.7 15H18c1.4 0 2.3-1.2 2-2.5l-1.5-7c-.2-1-1-1.5-2-1.5H7zM3 4h4v9H3z",
  voice: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5 11a7 7 0 0 0 14 0M12 18v3",
};

/** Build a line icon that assistive technology skips. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["aria-hidden", "true"], ["class", "icon"], ["focusable", "false"]]) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

const NUMBER = /\d[\d-]*\d/g;
const PHONE = /^(?:(?:0\d{2,3}-?)?\d{7,8}|0\d{2,3}-\d{5}|1\d{10}|12\d{3}|110|119|120)$/;

/** Return text nodes and, where a phone number stands, links that dial it. */
export function withPhones(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(NUMBER)) {
    if (!PHONE.test(match[0])) continue;
    nodes.push(text.slice(from, match.index), el("a", { href: `tel:${match[0]}`, class: "phone" }, match[0]));
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== "");
}
