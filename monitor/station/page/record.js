// What a person did, written down: flow, drugs, calls. Nothing here moves a pump; a pump that reports
// confirms or contradicts what is recorded.

import { arrange, button, element, setAttribute, setText } from "./dom.js";
import { DOSE_UNITS, createOutcome, doseOf, field, form, nothing, numberInput, numberOf, refuseField, section, select, submit, textInput } from "./forms.js";
import { kindsOf } from "./ladder.js";

// What a person may tell in which phase; the table of phases decides in the end.
const EVENTS = {
  opened: ["baseline", "start"], baseline: ["start"], infusing: ["pause", "stop", "complete"],
  slowed: ["pause", "stop", "complete"], paused: ["resume", "stop", "complete"], stopped: ["resume", "complete"],
  watch: ["resume", "stop"],
};
const GIVEN = new Set(["drug", "fluids"]);
const FLOWS = new Set(["infusing", "slowed"]);
const REASON_MOST = 64;

export function mount(root, context) {
  const { store, words, bed } = context;
  const said = words.record;
  const outcome = createOutcome(context);
  const bar = element("div", { class: "taps" });
  const place = element("div", { class: "unfolded" });
  const node = section("record", said.title, element("p", { class: "muted" }, said.never), bar, place, outcome.node);
  root.append(node);
  const buttons = new Map();
  const unfold = (name, opener) => {
    const close = () => { place.replaceChildren(); opener.focus(); };
    place.replaceChildren(FORMS[name]({ ...context, outcome, close }));
    place.querySelector("input, select, button")?.focus();
  };

  function made(name, label, press) {
    if (!buttons.has(name)) buttons.set(name, button(label, press, { class: "button tap", "data-record": name }));
    return buttons.get(name);
  }

  function update() {
    const state = store.state.beds.get(bed)?.state;
    const phase = state?.phase ?? "none";
    const shown = [];
    if (FLOWS.has(phase) || phase === "paused") shown.push(made("rate", said.rate, () => unfold("rate", buttons.get("rate"))));
    for (const event of EVENTS[phase] ?? []) shown.push(made(event, said.events[event], () => sendEvent(context, outcome, event)));
    if (EVENTS[phase]) {
      for (const name of ["drug", "call"]) shown.push(made(name, said[name], () => unfold(name, buttons.get(name))));
    }
    arrange(bar, shown);
    if (shown.length === 0) bar.append(nothing(said.noSession));
    outcome.update();
  }

  update();
  return { update, unmount: () => node.remove() };
}

function sendEvent({ store, words, bed }, outcome, event, extra = {}) {
  const session = store.state.beds.get(bed)?.state?.session;
  return outcome.send(words.record.eventsDone[event] ?? event, { bed, kind: "session", payload: { id: session, event, ...extra } });
}

function unfolded({ words, close }, label, send, ...children) {
  return form({ class: "details", "aria-label": label, keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  } }, send, ...children, button(words.record.cancel, close));
}

// The next rate of the table is offered, not imposed: what was set at the pump is what counts.
function rateForm(context) {
  const { store, words, bed, outcome, close } = context;
  const said = words.record;
  const state = store.state.beds.get(bed)?.state;
  const next = state?.step_up?.rate;
  const advised = (store.state.advice.get(bed)?.steps ?? []).find((step) => step.rate && step.state === "offered")?.rate;
  const rate = numberInput("rate", String(advised?.v ?? next?.v ?? state?.rate?.v ?? ""));
  async function send() {
    const value = numberOf(rate.value);
    if (value === null || Number.isNaN(value)) return refuseField(outcome, rate, said.rateNoNumber(rate.value));
    if (value <= 0) return refuseField(outcome, rate, said.rateZero(rate.value));
    const payload = { act: "rate", rate: { v: value, u: "mL/h" }, session: state?.session };
    if (await outcome.send(said.rateDone(value), { bed, kind: "act", payload })) close();
    return undefined;
  }
  return unfolded(context, said.rate, send,
    field(said.rateNow, rate, [state?.rate ? said.rateWas(state.rate.v) : said.rateUnknown, next ? said.rateNext(next.v) : ""].filter(Boolean).join(" ")),
    submit(said.record));
}

// A drug is recorded with the step that asks for it, so that its effect is looked at; one that no
// step asked for stands by itself.
function drugForm(context) {
  const { store, words, bed, outcome, close } = context;
  const said = words.record;
  const advice = store.state.advice.get(bed);
  const kinds = kindsOf(store.state, advice);
  const steps = (advice?.steps ?? []).filter((step) => (step.state === "offered" || step.state === "started")
    && (GIVEN.has(kinds(step).kind) || doseOf(step.dose)));
  const state = store.state.beds.get(bed)?.state;
  const drugs = store.state.hello?.vocabulary?.drugs ?? [];
  const what = select("drug", [
    ...steps.map((step) => [`step:${step.key}`, [step.words, step.dose].filter(Boolean).join(", ")]),
    ...drugs.map((drug) => [`drug:${drug.key}`, drug.words]),
    ["other:", said.otherDrug],
  ]);
  const name = textInput("name", { maxlength: REASON_MOST });
  const named = field(said.drugName, name);
  const amount = numberInput("dose");
  const unit = select("unit", DOSE_UNITS, "mg");
  const reason = textInput("reason", { maxlength: REASON_MOST });
  const prefill = () => {
    const dose = doseOf(steps.find((step) => `step:${step.key}` === what.value)?.dose);
    amount.value = dose ? String(dose.v) : "";
    const step = steps.find((one) => `step:${one.key}` === what.value);
    unit.value = dose?.u ?? (step && kinds(step).kind === "fluids" ? "mL" : "mg");
    named.hidden = what.value !== "other:";
  };
  what.addEventListener("change", prefill);
  prefill();
  async function send() {
    const value = numberOf(amount.value);
    if (value !== null && !(value > 0)) return refuseField(outcome, amount, said.doseWrong(amount.value));
    const dose = value === null ? {} : { dose: { v: value, u: unit.value } };
    const [kind, key] = what.value.split(/:(.*)/s);
    const drug = kind === "other" ? name.value.trim() : key;
    if (kind === "other" && !drug) return refuseField(outcome, name, said.drugUnnamed);
    const label = said.drugDone(kind === "other" ? drug : what.selectedOptions[0].textContent, value, unit.value);
    const why = reason.value.trim() ? { reason: reason.value.trim() } : {};
    const about = kind === "step" ? { act: "step", alert: advice.alert || undefined, step: key, status: "done" } : { act: "drug", drug };
    const payload = { ...about, session: state?.session || advice?.session, ...dose, ...why };
    if (await outcome.send(label, { bed, kind: "act", payload })) close();
    return undefined;
  }
  return unfolded(context, said.drug, send,
    field(said.drugWhat, what), named, field(said.dose, amount, said.doseHint), field(said.unit, unit), field(said.reasonMaybe, reason), submit(said.record));
}

// A call is the step that asks for it; without one it goes to the next of the alert's chain.
function callForm(context) {
  const { store, words, bed, outcome, close } = context;
  const said = words.record;
  const advice = store.state.advice.get(bed);
  const kinds = kindsOf(store.state, advice);
  const session = store.state.beds.get(bed)?.state?.session;
  const isCall = (step) => kinds(step).kind === "call" || /^(call|rapid|expert|escalate)/.test(step.key);
  const steps = (advice?.steps ?? []).filter((step) => (step.state === "offered" || step.state === "started") && isCall(step));
  const alerts = [...store.state.alerts.values()].filter((one) => one.bed === bed && one.state !== "ended" && one.kind !== "technical");
  const reason = textInput("reason", { maxlength: REASON_MOST });
  const why = () => (reason.value.trim() ? { reason: reason.value.trim() } : {});
  const choices = [
    ...steps.map((step) => [step.words, { act: "step", alert: advice.alert || undefined, step: step.key, status: "done", session }, null]),
    ...alerts.map((alert) => [said.escalate(alert.label), { act: "escalate", alert: alert.id, session }, alert.rev]),
  ];
  if (choices.length === 0) return unfolded(context, said.call, close, nothing(said.nobodyToCall));
  return unfolded(context, said.call, () => {}, field(said.reasonMaybe, reason),
    ...choices.map(([label, payload, alertRev]) => button(label, async () => {
      const act = { bed, kind: "act", payload: { ...payload, ...why() }, ...(alertRev === null ? {} : { alertRev }) };
      if (await outcome.send(label, act)) close();
    })));
}

const FORMS = { rate: rateForm, drug: drugForm, call: callForm };
