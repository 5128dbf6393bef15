// Suggestions while typing: a list box that belongs to the text box, moved through with the arrow keys.

import { el, empty } from "./dom.js";

const WAIT = 150;
const SHORTEST = 2;
const LONGEST = 60;

/**
 * look(query, signal) returns a promise of [{label, hint, value}]; choose(value) takes one; announce(text) tells
 * screen readers. Returns {close, handleKey}; handleKey(event) is true where the key was used up.
 */
export function suggestions(input, list, { look, choose, announce }) {
  let timer = 0;
  let control = null;
  let active = -1;
  let values = [];

  const stop = () => {
    clearTimeout(timer);
    if (control) control.abort();
  };
  const close = () => {
    stop();
    list.hidden = true;
    values = [];
    mark(-1);
  };
  const mark = (index) => {
    active = index;
    Array.from(list.children).forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    if (index < 0) return input.removeAttribute("aria-activedescendant");
    list.children[index].scrollIntoView({ block: "nearest" });
    return input.setAttribute("aria-activedescendant", list.children[index].id);
  };
  const take = (index) => {
    const value = values[index];
    close();
    choose(value);
  };
  const show = (found) => {
    empty(list);
    values = found.map((one) => one.value);
    mark(-1);
    list.hidden = !found.length;
    found.forEach((one, index) => {
      const option = el("li", { role: "option", id: `suggestion-${index}`, "aria-selected": "false" },
        el("span", null, one.label), one.hint && el("span", { class: "where" }, one.hint));
      // mousedown, not click: the text box keeps the focus
      option.addEventListener("mousedown", (event) => event.preventDefault());
      option.addEventListener("click", () => take(index));
      list.append(option);
    });
    if (found.length) announce(`有 ${found.length} 条事项建议，按上下键选择`);
  };
  const ask = async (query) => {
    const own = (control = new AbortController());
    try {
      const found = await look(query, own.signal);
      if (!own.signal.aborted) show(found);
    } catch {
      if (!own.signal.aborted) close();
    }
  };

  input.addEventListener("input", () => {
    stop();
    const query = input.value.trim();
    if (query.length < SHORTEST || query.length > LONGEST || query.includes("\n")) return close();
    timer = setTimeout(() => ask(query), WAIT);
    return undefined;
  });
  input.addEventListener("blur", close);

  const handleKey = (event) => {
    if (list.hidden) return false;
    if (event.key === "ArrowDown") mark(active + 1 < values.length ? active + 1 : -1);
    else if (event.key === "ArrowUp") mark(active < 0 ? values.length - 1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey && active >= 0) take(active);
    else return false;
    return true;
  };
  return { close, handleKey };
}
