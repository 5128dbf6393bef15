// The trainers' pages: what plain forms and htmx leave to do.
"use strict";
document.addEventListener("click", (event) => {
  const candidate = event.target.closest(".candidate");
  if (candidate) {
    const field = candidate.closest("form").elements.service;
    field.value = candidate.dataset.service;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }
  const add = event.target.closest("[data-add]");
  if (add) addEntry(add);
  const remove = event.target.closest("[data-remove]");
  if (remove) {
    const entry = remove.closest(remove.dataset.remove);
    const form = entry.closest("form");
    const next = entry.nextElementSibling || entry.parentElement.parentElement.querySelector("[data-add]");
    entry.remove();
    (next?.querySelector?.("textarea, input:not([type=hidden])") || next)?.focus();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// A list's new entry: a copy of its template, with the next number where the template says «NEXT».
function addEntry(button) {
  const list = document.getElementById(button.dataset.add);
  const template = document.getElementById(button.dataset.template);
  const number = Number(list.dataset.next);
  list.dataset.next = number + 1;
  const holder = document.createElement("template");
  holder.innerHTML = template.innerHTML.replaceAll(button.dataset.mark || "NEXT", String(number));
  const entry = holder.content.firstElementChild;
  list.append(entry);
  entry.querySelector("textarea, input:not([type=hidden])").focus();
}

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (all) for (const box of document.querySelectorAll(`input[name="${all.dataset.checkAll}"]`)) box.checked = all.checked;
});

// The button says what it will do: accept the suggestion, or move to the service that was chosen instead.
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-accept]");
  if (!form || event.target.name !== "service") return;
  const suggested = event.target.defaultValue;
  form.querySelector("button.primary").textContent = suggested && event.target.value === suggested ? "接受" : suggested ? "移到这个服务" : "教给它";
});

// Findings are told anew as a whole; those of before must not stay.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "findings") for (const place of document.querySelectorAll(".findings")) place.replaceChildren();
});

// After a swap the focus goes to what says how it went, not to the top of the page.
document.addEventListener("htmx:afterSwap", () => {
  const target = document.querySelector("[data-focus]");
  if (target) {
    target.removeAttribute("data-focus");
    target.focus();
  }
});
