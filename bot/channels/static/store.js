// What the browser keeps for the resident. Where storage is refused (private mode, foreign frame) it lasts for the page.

const PREFIX = "chat.";
const memory = new Map();

export function load(key, fallback) {
  let raw = memory.get(key);
  try {
    raw = localStorage.getItem(PREFIX + key) || raw;
  } catch { /* refused: the page's own memory is all there is */ }
  if (!raw) return fallback;
  try {
    return JSON.parse(raw);
  } catch {
    return fallback;
  }
}

export function save(key, value) {
  const raw = JSON.stringify(value);
  memory.set(key, raw);
  try {
    localStorage.setItem(PREFIX + key, raw);
  } catch { /* refused or full */ }
}

export function remove(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch { /* refused */ }
}

/** Call `then(key)` when another tab has changed something. */
export function watch(then) {
  window.addEventListener("storage", (event) => {
    if (event.key === null || event.key.startsWith(PREFIX)) then(event.key && event.key.slice(PREFIX.length));
  });
}

/** Return the id of this conversation, a random version 4 UUID, made on first use. */
export function sender() {
  const known = load("sender", "");
  if (known) return known;
  const fresh = uuid();
  save("sender", fresh);
  return fresh;
}

/** crypto.randomUUID exists on secure pages only; getRandomValues everywhere. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
