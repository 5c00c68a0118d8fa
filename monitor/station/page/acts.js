// What a person does: sent once under an id of its own, and true only when the stream says so.

const TRIES = 3;
const AGAIN_MS = 1000;
export const UNDO_MS = 10000;
const ANSWER_MS = 5000;
const KEPT = 50;

// Returns a fresh id. (`crypto.randomUUID` is missing where the page comes over plain http.)
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// Posts JSON as the server asks for it. Returns {status, body}; status 0 means that nobody answered.
export async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-IRM": "1" },
      body: JSON.stringify(body),
      credentials: "same-origin",
    });
    return { status: answer.status, body: await answer.json().catch(() => ({})) };
  } catch {
    return { status: 0, body: {} };
  }
}

export async function get(path) {
  try {
    const answer = await fetch(path, { credentials: "same-origin" });
    return { status: answer.status, body: answer.ok ? await answer.json().catch(() => ({})) : {} };
  } catch {
    return { status: 0, body: {} };
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Which act takes an act back, if one does.
const INVERSES = { ack: "hand-back", "not-a-reaction": "hand-back", snooze: "unsnooze" };

// Returns what sends acts. `words` gives the sentences for what went wrong.
export function createActs({ store, words }) {
  const listeners = new Set();
  const pending = new Map();
  const done = new Map();
  const troubles = new Map();
  let nobody = () => null;
  let me = { name: null, role: "viewer", may: [] };

  function changed() {
    for (const listener of listeners) listener();
  }

  function trouble(alert, sentence) {
    if (!alert) return;
    troubles.set(alert, sentence);
    while (troubles.size > KEPT) troubles.delete(troubles.keys().next().value);
  }

  // The stream says what became of an act: it is done, or it was refused for a reason.
  store.subscribe((change) => {
    if (change.kind !== "answer") return;
    const sent = pending.get(change.id);
    if (!sent) return;
    pending.delete(change.id);
    if (change.data.refused) {
      trouble(sent.payload.alert, words.refused(change.data.refused));
    } else if (INVERSES[sent.payload.act] && sent.payload.alert) {
      done.set(sent.payload.alert, { ...sent, at: performance.now() });
      while (done.size > KEPT) done.delete(done.keys().next().value);
    }
    changed();
  });

  async function send({ bed, kind, payload, alertRev = null, id = freshId() }) {
    const body = { id, bed, kind, payload, ...(alertRev === null ? {} : { alert_rev: alertRev }) };
    pending.set(id, { id, bed, kind, payload, since: performance.now() });
    troubles.delete(payload.alert);
    changed();
    let answer = { status: 0, body: {} };
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (tries) await pause(AGAIN_MS);
      // The same id again is the same act: the server sends nothing twice.
      answer = await post("/api/v1/acts", body);
      if (answer.status && answer.status < 500) break;
    }
    if (answer.status >= 200 && answer.status < 300) return { ok: true, id, error: "" };
    pending.delete(id);
    if (answer.status === 401) {
      await refresh();
      nobody();
    }
    const error = errorWords(answer);
    trouble(payload.alert, error);
    changed();
    return { ok: false, id, error };
  }

  function errorWords({ status, body }) {
    if (status === 0) return words.unreachable;
    if (status === 401) return words.logInFirst;
    return body.error ? words.refused(body.error) : words.failed(status);
  }

  async function refresh() {
    const answer = await get("/api/v1/me");
    if (answer.status === 200) me = { may: [], role: "viewer", ...answer.body };
    changed();
  }

  // An act on an alert, with the revision that the person saw.
  function onAlert(alert, act, extra = {}) {
    return send({
      bed: alert.bed,
      kind: "act",
      alertRev: alert.rev,
      payload: { act, alert: alert.id, ...extra },
    });
  }

  return {
    send,
    onAlert,
    refresh,
    // Calls when an act was refused because nobody is logged in.
    onNobody: (listener) => (nobody = listener),
    me: () => me,
    may: (what) => me.may.includes(what),
    async login(name, password) {
      const answer = await post("/api/v1/login", { name, password });
      await refresh();
      if (answer.status >= 200 && answer.status < 300) return "";
      if (answer.status === 0) return words.unreachable;
      return answer.body.error ?? words.failed(answer.status);
    },
    async logout() {
      await post("/api/v1/logout", {});
      await refresh();
    },
    // Acts on an alert that are on their way, and the words once one has no answer for too long.
    pendingOf(alert) {
      for (const sent of pending.values()) {
        if (sent.payload.alert === alert) return sent;
      }
      return null;
    },
    isUnanswered: (sent) => performance.now() - sent.since > ANSWER_MS,
    troubleOf: (alert) => troubles.get(alert) ?? "",
    forgetTrouble(alert) {
      if (troubles.delete(alert)) changed();
    },
    // How long the newest act of this screen on an alert can still be taken back, in ms.
    undoMs(alert) {
      const sent = done.get(alert);
      return sent ? Math.max(0, sent.at + UNDO_MS - performance.now()) : 0;
    },
    // Undo is an act of its own (hand back, end the snooze): the first one was sent and told to
    // everybody at once, and the record keeps both.
    undo(alert) {
      const sent = done.get(alert.id);
      if (!sent) return Promise.resolve({ ok: false, id: "", error: "" });
      done.delete(alert.id);
      const extra = sent.payload.sign ? { sign: sent.payload.sign } : {};
      return onAlert(alert, INVERSES[sent.payload.act], { ...extra, reason: words.undone });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
