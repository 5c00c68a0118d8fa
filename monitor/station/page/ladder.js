// The steps that a protocol asks for now, what became of each, and the clocks that run beside them.
// The page never commands anything: every button records what a person did.

import { arrange, button, element, setAttribute, setText } from "./dom.js";
import { DOSE_UNITS, createOutcome, doseOf, field, form, nothing, numberInput, numberOf, refuseField, section, select, submit, textInput } from "./forms.js";
import { stampMs } from "./clock.js";
import { typeset } from "./words_numbers.js";

const OPEN = new Set(["offered", "started"]);
const REASON_MOST = 64;
const STATUSES = ["done", "started", "declined", "not-possible"];

export function mount(root, context) {
  const { store, words, bed } = context;
  const said = words.ladder;
  const outcome = createOutcome(context);
  const head = element("p", { class: "ladder-head" });
  const why = element("p", { class: "muted" });
  const list = element("ol", { class: "steps", "aria-label": said.title });
  const besides = element("ol", { class: "steps", "aria-label": said.adjuncts });
  const besidesTitle = element("h4", {}, said.adjuncts);
  const none = nothing(said.none);
  const node = section("ladder", said.title, head, why, none, list, besidesTitle, besides, outcome.node);
  root.append(node);
  const rows = new Map();

  function update() {
    const advice = store.state.advice.get(bed);
    const steps = advice?.steps ?? [];
    setText(head, steps.length ? said.head(advice) : "");
    setText(why, steps.length ? typeset(said.plan(advice)) : "");
    none.hidden = steps.length > 0;
    const kinds = kindsOf(store.state, advice);
    const current = steps.find((step) => OPEN.has(step.state) && !kinds(step).adjunct)?.key;
    const first = [];
    const adjunct = [];
    for (const step of steps) {
      const id = `${advice.id} ${step.key}`;
      if (!rows.has(id)) rows.set(id, rowOf(step.key, { ...context, outcome }));
      const row = rows.get(id);
      row.show(step, advice, step.key === current);
      (kinds(step).adjunct ? adjunct : first).push(row.node);
    }
    if (rows.size > steps.length) {
      for (const id of [...rows.keys()]) if (!steps.some((step) => id === `${advice.id} ${step.key}`)) rows.delete(id);
    }
    arrange(list, first);
    arrange(besides, adjunct);
    besidesTitle.hidden = besides.hidden = adjunct.length === 0;
    outcome.update();
  }

  update();
  return { update, unmount: () => node.remove() };
}

// Returns what the configuration says of a step: its kind and whether it stands beside the first
// line. Where the server does not tell, nothing is set apart.
export function kindsOf(state, advice) {
  const ladder = state.hello?.vocabulary?.steps?.[advice?.ladder] ?? {};
  return (step) => ({ kind: "", adjunct: false, ...ladder[step.key] });
}

function rowOf(key, context) {
  const said = context.words.ladder;
  const text = element("span", { class: "step-words" });
  const small = element("span", { class: "step-small" });
  const badge = element("span", { class: "step-state" });
  const place = element("div", { class: "unfolded" });
  const actions = element("div", { class: "step-actions" });
  const node = element("li", { class: "step", "data-step": key },
    badge, element("div", { class: "step-text" }, text, small), actions, place);
  let shown = "";
  let now = { step: null, advice: null };

  function unfold(status) {
    place.replaceChildren(statusForm(status, now, { ...context, close: () => {
      place.replaceChildren();
      actions.querySelector("button")?.focus();
    } }));
    place.querySelector("input, select")?.focus();
  }

  function press(status) {
    const needsMore = status === "declined" || status === "not-possible" || (status === "done" && doseOf(now.step.dose));
    if (needsMore) unfold(status);
    else sendStep(context, now, status);
  }

  // The step that is to be done shows all that can be said of it; the others show "Done" and "Other".
  const more = button(said.more, () => unroll(!node.hasAttribute("data-more")), { "aria-label": said.moreOf(key), class: "button" });
  function unroll(isOpen) {
    setAttribute(node, "data-more", isOpen);
    more.setAttribute("aria-expanded", String(isOpen));
  }

  function show(step, advice, isCurrent) {
    now = { step, advice };
    setText(text, [step.words, step.dose, step.rate ? said.rate(step.rate) : ""].filter(Boolean).join(" \u00b7 "));
    setText(small, typeset(said.small(step, stampMs(step.t), stampMs(step.look_at))));
    setText(badge, `${said.marks[step.state]} ${said.states[step.state]}`);
    setAttribute(node, "data-state", step.state);
    setAttribute(node, "aria-current", isCurrent ? "step" : null);
    // Buttons are made anew only when the state of the step is another one: a focus stays where it is.
    const look = `${step.state} ${isCurrent}`;
    if (shown === look) return;
    shown = look;
    const possible = OPEN.has(step.state) ? STATUSES.filter((status) => status !== step.state) : [];
    const buttons = possible.map((status) => button(said.acts[status], () => press(status), {
      "aria-label": said.actOf(status, step.words), class: status === "done" ? "button main" : "button step-rare",
    }));
    actions.replaceChildren(...buttons, ...(buttons.length ? [more] : []));
    if (buttons.length === 0) place.replaceChildren();
    unroll(isCurrent && buttons.length > 0);
  }

  return { node, show };
}

function sendStep({ outcome, store, words, bed }, { step, advice }, status, extra = {}) {
  const payload = { act: "step", alert: advice.alert || undefined, step: step.key, status, ...extra };
  const session = store.state.beds.get(bed)?.state?.session || advice.session;
  if (session) payload.session = session;
  return outcome.send(words.ladder.recorded(step.words, status, extra), { bed, kind: "act", payload });
}

// What was given is prefilled from the protocol and stays editable; a refusal needs its reason.
function statusForm(status, now, context) {
  const said = context.words.ladder;
  const offered = doseOf(now.step.dose);
  const amount = status === "done" && offered ? numberInput("dose", String(offered.v)) : null;
  const unit = amount ? select("unit", DOSE_UNITS, offered.u) : null;
  const reason = textInput("reason", { maxlength: REASON_MOST });
  async function send() {
    const extra = {};
    if (amount) {
      const value = numberOf(amount.value);
      if (value === null || !(value > 0)) return refuseField(context.outcome, amount, said.doseWrong(amount.value));
      extra.dose = { v: value, u: unit.value };
    }
    if (reason.value.trim()) extra.reason = reason.value.trim();
    else if (status !== "done") return refuseField(context.outcome, reason, said.reasonNeeded(said.acts[status]));
    if (await sendStep(context, now, status, extra)) context.close();
    return undefined;
  }
  return form({ class: "details", "aria-label": said.actOf(status, now.step.words), keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); context.close(); }
  } }, send,
  amount ? field(said.dose, amount, said.doseHint(now.step.dose)) : null,
  unit ? field(said.unit, unit) : null,
  field(status === "done" ? said.reasonMaybe : said.reason, reason),
  submit(said.acts[status]),
  button(said.cancel, context.close));
}
