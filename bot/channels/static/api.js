// The server's HTTP interface. Every failure is a Failure with one of the kinds that the page can explain.

import * as store from "./store.js";

const TALK_TIMEOUT = 30000;
const READ_TIMEOUT = 10000;

/** kind: "offline" (this device), "unreachable" (server), "busy" (too many requests), "refused" (bad input), "over" (the session). */
export class Failure extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** Say `message`; returns the messages of the reply, at least one. */
export async function talk(message, jurisdiction) {
  const body = { message };
  if (jurisdiction) body.metadata = { jurisdiction };
  const reply = await inSession("/webhooks/web/webhook", { body, timeout: TALK_TIMEOUT });
  const messages = Array.isArray(reply) ? reply.filter((one) => one && typeof one.text === "string") : [];
  if (!messages.length) throw new Failure("unreachable");
  return messages;
}

export async function jurisdictions() {
  const reply = await request("/api/jurisdictions", {});
  return Array.isArray(reply.jurisdictions) ? reply.jurisdictions : [];
}

export async function search(query, jurisdiction, signal) {
  const parameters = new URLSearchParams({ q: query, limit: "5" });
  if (jurisdiction) parameters.set("jurisdiction", jurisdiction);
  const reply = await request(`/api/search?${parameters}`, { signal });
  return Array.isArray(reply.results) ? reply.results : [];
}

export function item(id) {
  return request(`/api/items/${encodeURIComponent(id)}`, {});
}

export function flowUrl(id) {
  return `/api/items/${encodeURIComponent(id)}/flow.svg`;
}

export function feedback(vote) {
  return inSession("/api/feedback", { body: vote, wantsJson: false });
}

/** Return what the server keeps of this device's conversations, one object each. */
export async function exportRecords() {
  const found = [];
  for (const session of store.sessions()) {
    const own = await ofSession("/api/session/export", session);
    if (own && Object.keys(own.rows || {}).length) found.push(own);
  }
  return found;
}

/** Delete what the server keeps of this device's conversations; returns how many records went. */
export async function forgetRecords() {
  let deleted = 0;
  for (const session of store.sessions()) deleted += ((await ofSession("/api/session/forget", session)) || { deleted: 0 }).deleted;
  store.forgetSessions();
  return deleted;
}

/** Ask about one session; null for one that is over, of which nothing is kept any more. */
async function ofSession(url, session) {
  try {
    return await request(url, { body: { session } });
  } catch (error) {
    if (error.kind === "over") return null;
    throw error;
  }
}

/** Send `body` in this conversation's session; where it is over, in a new one. */
async function inSession(url, { body, ...more }) {
  try {
    return await request(url, { body: { ...body, session: await session() }, ...more });
  } catch (error) {
    if (error.kind !== "over") throw error;
    store.leaveSession();
    return request(url, { body: { ...body, session: await session() }, ...more });
  }
}

async function session() {
  const known = store.session();
  if (known) return known;
  const fresh = (await request("/api/session", { body: {} })).session;
  store.keepSession(fresh);
  return fresh;
}

async function request(url, { body, signal, timeout = READ_TIMEOUT, wantsJson = true }) {
  const control = new AbortController();
  const timer = setTimeout(() => control.abort(), timeout);
  if (signal) signal.addEventListener("abort", () => control.abort());
  const options = { signal: control.signal, credentials: "same-origin", headers: { Accept: "application/json" } };
  if (body) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(url, options);
    if (response.status === 429) throw new Failure("busy");
    if (response.status === 401) throw new Failure("over");
    if (response.status >= 400 && response.status < 500) throw new Failure("refused");
    if (!response.ok) throw new Failure("unreachable");
    return wantsJson ? await response.json() : null;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(navigator.onLine === false ? "offline" : "unreachable");
  } finally {
    clearTimeout(timer);
  }
}
