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

// The server signs a session for each conversation; those left behind are kept too, to ask for their records or delete them.

const MAX_LEFT = 20;

export function session() {
  return load("session", "");
}

export function keepSession(token) {
  save("session", token);
}

/** The next message begins a new conversation. */
export function leaveSession() {
  const left = sessions().slice(-MAX_LEFT);
  remove("session");
  if (left.length) save("left", left);
}

/** All sessions of this device, the newest last. */
export function sessions() {
  const left = load("left", []);
  return [...(Array.isArray(left) ? left : []), session()].filter((token) => typeof token === "string" && token);
}

export function forgetSessions() {
  remove("session");
  remove("left");
}
