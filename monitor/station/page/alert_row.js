// One episode as a row: what it says, who has it, and what a person can do about it.

import { stampMs } from "./clock.js";
import { button, element, mark, setAttribute, setText } from "./dom.js";
import { isLoud, isOwn, kindOf, raisedMs } from "./order.js";
import { minuteOfDay, words } from "./words.js";

const SNOOZE_MINUTES = [10, 30, 60];
const DISBELIEFS = ["artefact", "known-condition", "treated", "other"];
const ENDED = "ended";

// Returns the second line of a row: what it is and what the infusion was doing.
export function detailWords(alert, call, nowMs) {
  const said = [];
  if (kindOf(alert) === "technical") said.push(words.header.priorities.technical);
  else if (kindOf(alert) !== "info") said.push(words.feed.grade(alert.grade));
  if (alert.pattern) said.push(words.feed.pattern(alert.pattern));
  if (alert.signal === "latched") said.push(words.feed.ended(minuteOfDay(stampMs(alert.t) ?? nowMs)));
  else said.push(words.feed.ago(nowMs - raisedMs(alert)));
  if (alert.state === "pending") said.push(words.feed.pending);
  if (alert.state === "recovering") said.push(words.feed.recovering);
  const changed = alert.context?.min_since_rate_change;
  if (changed !== null && changed !== undefined) said.push(words.feed.rateChanged(changed));
  if (alert.context?.rate) said.push(words.feed.rate(alert.context.rate));
  if (alert.flaps) said.push(words.feed.flaps(alert.flaps));
  if (call && isLoud(alert)) said.push(words.feed.called(call.to, call.by));
  return said.join(" \u00b7 ");
}

// Returns what keeps a row quiet: who has it and when it calls again, a pause, a snooze.
export function quietWords(alert, nowMs) {
  const said = [];
  if (alert.acked) {
    const at = stampMs(alert.acked.t);
    said.push(words.feed.acked(alert.acked.by, at === null ? "" : minuteOfDay(at)));
  }
  if (alert.signal === "acknowledged" && alert.state !== ENDED) {
    const again = stampMs(alert.realert_at);
    if (again === null) said.push(words.feed.keepsQuiet);
    else said.push(again > nowMs ? words.feed.realerts(again - nowMs) : words.feed.realertsNow);
  }
  if (alert.signal === "audio-paused") {
    said.push(words.feed.toneFor(Math.max(0, (stampMs(alert.quiet_until) ?? nowMs) - nowMs)));
  }
  if (alert.signal === "snoozed") said.push(words.feed.snoozed(alert.reason));
  if (alert.not_a_reaction) {
    said.push(words.feed.disbelieved(words.feed.disbeliefs[alert.not_a_reaction] ?? alert.not_a_reaction));
  }
  return said.join(" \u00b7 ");
}

// The signs of an alert that can be snoozed, each with its grade.
function signsOf(alert) {
  const signs = new Map();
  for (const row of alert.because ?? []) {
    signs.set(row.sign, Math.max(row.grade, signs.get(row.sign) ?? 0));
  }
  return signs;
}

function snoozeForm(get, acts) {
  const sign = element("select", { name: "sign" });
  const minutes = element(
    "select",
    { name: "minutes" },
    SNOOZE_MINUTES.map((one) => element("option", { value: one }, words.feed.snoozeMinutes(one))),
  );
  const reason = element("input", { name: "reason", maxlength: "64", autocomplete: "off", size: "14" });
  const needed = element("span", { class: "wrong", hidden: true, role: "note" }, words.feed.snoozeReasonNeeded);
  const label = (text, field) => element("label", { class: "field" }, element("span", { class: "muted" }, text), field);
  const form = element(
    "form",
    {
      class: "row-of snooze",
      submit: (event) => {
        event.preventDefault();
        needed.hidden = reason.value.trim() !== "";
        if (!needed.hidden) {
          reason.focus();
          return;
        }
        const named = sign.value ? { sign: sign.value } : {};
        acts.onAlert(get(), "snooze", { ...named, for_s: Number(minutes.value) * 60, reason: reason.value.trim() });
      },
    },
    label(words.feed.snoozeSign, sign),
    label(words.feed.snoozeFor, minutes),
    label(words.feed.snoozeReason, reason),
    element("button", { type: "submit", class: "button" }, words.feed.snooze),
    needed,
  );
  let known = "";
  return {
    node: form,
    update(alert) {
      const signs = [...signsOf(alert).keys()];
      const key = signs.join(" ");
      if (key !== known) {
        known = key;
        sign.replaceChildren(...signs.map((one) => element("option", { value: one }, one)));
      }
      sign.parentElement.hidden = signs.length === 0;
    },
  };
}

// Returns the part of a row that "More" opens: in the page, never over it.
function makeExtra(get, acts) {
  const act = (name, extra) => () => acts.onAlert(get(), name, extra);
  const pause = button(words.feed.pauseTone, act("pause-audio", { for_s: 120 }), { "data-act": "pause-audio" });
  const escalate = button(words.feed.escalate, act("escalate"), { "data-act": "escalate" });
  const handBack = button(words.feed.handBack, act("hand-back"), { "data-act": "hand-back" });
  const wake = button(words.feed.unsnooze, act("unsnooze"), { "data-act": "unsnooze" });
  const snooze = snoozeForm(get, acts);
  const disbelief = element(
    "div",
    { class: "row-of", role: "group", "aria-label": words.feed.notAReaction },
    element("span", { class: "muted" }, words.feed.notAReaction),
    DISBELIEFS.map((why) => button(words.feed.disbeliefs[why], act("not-a-reaction", { why }), { "data-why": why })),
  );
  const node = element(
    "div", { class: "extra", hidden: true },
    element("div", { class: "row-of" }, pause, escalate, handBack, wake), disbelief, snooze.node,
  );
  return {
    node,
    update(alert) {
      // The monitor refuses to be silenced, snoozed or disbelieved about itself.
      const own = isOwn(alert);
      pause.hidden = own || alert.signal !== "on";
      escalate.hidden = own || alert.state === ENDED;
      handBack.hidden = alert.signal !== "acknowledged";
      wake.hidden = alert.signal !== "snoozed";
      disbelief.hidden = own || kindOf(alert) === "technical" || kindOf(alert) === "info" || Boolean(alert.not_a_reaction);
      snooze.node.hidden = own || alert.signal === "snoozed" || alert.state === ENDED;
      if (!snooze.node.hidden) snooze.update(alert);
    },
  };
}

// Returns what happened to the last act of this screen on an alert, in words.
function sendingWords(acts, alert) {
  const sent = acts.pendingOf(alert.id);
  if (!sent) return "";
  return acts.isUnanswered(sent) ? words.feed.sent : words.feed.sending;
}

// Returns a row: `node`, its list item, and `update(alert)`.
export function makeRow({ store, acts, clock, ask }) {
  let alert = null;
  const get = () => alert;
  const sign = element("span", { class: "marks" });
  const kindWords = element("span", { class: "unseen" });
  const bed = element("a", { class: "bed-link", href: "#/" });
  const label = element("span", { class: "words" });
  const detail = element("p", { class: "detail" });
  const quiet = element("p", { class: "quiet" });
  const stripe = element("span", { class: "stripe" });
  const ack = button(words.feed.acknowledge, () => acts.onAlert(alert, "ack"), { class: "button main", "data-act": "ack" });
  const undo = button("", () => acts.undo(alert), { "data-act": "undo" });
  const more = button(words.feed.more, toggle, { "aria-expanded": "false" });
  const state = element("span", { class: "muted", "data-sending": "" });
  const trouble = element("p", { class: "wrong trouble", hidden: true });
  const extra = makeExtra(get, acts);
  const node = element(
    "li", { class: "alert" },
    stripe,
    element("div", { class: "said" }, element("p", { class: "label" }, sign, kindWords, bed, label), detail, quiet),
    element("div", { class: "doing" }, state, undo, ack, more),
    extra.node,
    trouble,
  );

  function toggle() {
    extra.node.hidden = !extra.node.hidden;
    more.setAttribute("aria-expanded", String(!extra.node.hidden));
    setText(more, extra.node.hidden ? words.feed.more : words.feed.less);
    ask?.();
  }

  let shown = "";
  function drawKind(kind, loud) {
    if (shown === `${kind} ${loud}`) return;
    shown = `${kind} ${loud}`;
    stripe.className = `stripe filled-${kind}`;
    sign.replaceChildren(mark(kind), ...(loud ? [] : [mark("acknowledged")]));
    setText(kindWords, `${words.header.priorities[kind] ?? ""} `);
    setAttribute(node, "data-kind", kind);
    setAttribute(node, "data-loud", loud ? "yes" : "no");
  }

  function update(next) {
    alert = next;
    const nowMs = clock.now();
    const kind = kindOf(alert);
    const loud = isLoud(alert);
    drawKind(kind, loud);
    for (const one of ["high", "medium"]) {
      stripe.classList.toggle(`flashes-${one}`, kind === one && alert.signal === "on");
    }
    setAttribute(node, "data-alert", alert.id);
    setAttribute(node, "data-signal", alert.signal);
    setText(bed, words.feed.bed(alert.bed));
    setAttribute(bed, "href", isOwn(alert) ? "#/" : `#/bed/${encodeURIComponent(alert.bed)}`);
    setText(label, alert.label);
    setText(detail, detailWords(alert, store.state.calls.get(alert.id), nowMs));
    setText(quiet, quietWords(alert, nowMs));
    ack.hidden = !loud && alert.signal !== "snoozed";
    setAttribute(ack, "aria-label", words.feed.ackOf(alert.bed));
    setAttribute(more, "aria-label", words.feed.moreOf(alert.bed));
    const undoMs = acts.undoMs(alert.id);
    undo.hidden = undoMs === 0;
    if (undoMs) setText(undo, words.feed.undo(undoMs));
    setText(state, sendingWords(acts, alert));
    const said = acts.troubleOf(alert.id);
    setText(trouble, said);
    trouble.hidden = !said;
    more.hidden = isOwn(alert) && alert.signal !== "acknowledged";
    if (more.hidden && !extra.node.hidden) toggle();
    if (!extra.node.hidden) extra.update(alert);
  }

  return { node, update };
}
