// Forms that open, move and close a session. What is wrong is said beside the field, with what was
// written and what would be taken; the monitor decides in the end.

import { arrange, button, element } from "./dom.js";
import { checkbox, createOutcome, field, form, numberInput, refuseField, section, select, submit, textInput } from "./forms.js";
import { openPayload, transferPayload, closePayload } from "./session_rules.js";

const OPENED = new Set(["opened", "baseline", "infusing", "slowed", "paused", "stopped", "watch"]);

export function mount(root, context) {
  const { store, words, bed } = context;
  const said = words.session;
  const outcome = createOutcome(context);
  const bar = element("div", { class: "taps" });
  const place = element("div", { class: "unfolded" });
  const node = section("session", said.title, bar, place, outcome.node);
  root.append(node);
  const unfold = (make, opener) => {
    const close = () => { place.replaceChildren(); opener.focus(); };
    place.replaceChildren(make({ ...context, outcome, close }));
    place.querySelector("input, select")?.focus();
  };
  const openers = Object.fromEntries([["open", openForm], ["transfer", transferForm], ["close", closeForm]].map(([name, make]) => {
    const opener = button(said[name], () => unfold(make, opener), { class: "button tap", "data-session": name });
    return [name, opener];
  }));

  function update() {
    const phase = store.state.beds.get(bed)?.state?.phase ?? "none";
    arrange(bar, OPENED.has(phase) ? [openers.transfer, openers.close] : [openers.open]);
    outcome.update();
  }

  update();
  return { update, unmount: () => node.remove() };
}

function shell({ words, close }, label, send, ...children) {
  return form({ class: "details session-form", "aria-label": label, keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  } }, send, ...children, submit(label), button(words.session.cancel, close));
}

// Sends what the rules made of the fields, or shows the first field that they refuse.
async function deliver({ bed, outcome, close }, controls, { field: wrong, refused, payload }, label) {
  if (refused) {
    refuseField(outcome, controls[wrong], refused);
    return;
  }
  if (await outcome.send(label, { bed, kind: "session", payload })) close();
}

const yesNo = (said) => [["", said.notKnown], ["yes", said.yes], ["no", said.no]];

function openForm(context) {
  const { store, words } = context;
  const said = words.session;
  const vocabulary = store.state.hello?.vocabulary ?? {};
  const products = (vocabulary.products ?? []).map((one) => [one.key, one.words]);
  const controls = {
    subject: textInput("subject", { placeholder: "PX-290F", maxlength: 15 }),
    product: select("product", [["", said.choose], ...products]),
    dose: numberInput("dose"), dose_unit: select("dose_unit", [["g", "g"], ["mg", "mg"]], "g"),
    weight: numberInput("weight"), age_years: numberInput("age_years"), age_months: numberInput("age_months"),
    concentration: numberInput("concentration"),
    first_dose: select("first_dose", yesNo(said)), beta_blocker: select("beta_blocker", yesNo(said)),
    ace_inhibitor: select("ace_inhibitor", yesNo(said)), at_risk: select("at_risk", yesNo(said)),
    dose_number: numberInput("dose_number"), doses: numberInput("doses"),
    devices: textInput("devices", { placeholder: "mon-17 pump-08" }),
  };
  const premed = (vocabulary.drugs ?? []).map((drug) => ({ key: drug.key, box: checkbox(`premed-${drug.key}`, drug.words), amount: numberInput(`mg-${drug.key}`, "", { "aria-label": said.doseOf(drug.words) }) }));
  const reaction = {
    grade: select("history_grade", [["", said.noneKnown], ...[1, 2, 3, 4].map((grade) => [String(grade), said.grade(grade)])]),
    rate: numberInput("history_rate"),
  };
  function send() {
    const read = Object.fromEntries(Object.entries(controls).map(([name, one]) => [name, one.value.trim()]));
    const drugs = premed.filter((one) => one.box.firstChild.checked).map((one) => ({ key: one.key, text: one.amount.value }));
    for (const one of premed) controls[`premed ${one.key}`] = one.amount;
    controls.history_rate = reaction.rate;
    const made = openPayload({ ...read, premed: drugs, history: { grade: reaction.grade.value, rate: reaction.rate.value } }, said.wrong);
    return deliver(context, controls, made, said.opened(read.subject));
  }
  return shell(context, said.open, send,
    field(said.subject, controls.subject, said.subjectHint), field(said.product, controls.product),
    field(said.dose, controls.dose), field(said.unit, controls.dose_unit),
    field(said.weight, controls.weight, said.weightHint), field(said.ageYears, controls.age_years), field(said.ageMonths, controls.age_months, said.ageHint),
    field(said.concentration, controls.concentration),
    field(said.doseNumber, controls.dose_number), field(said.doses, controls.doses),
    field(said.firstDose, controls.first_dose), field(said.betaBlocker, controls.beta_blocker), field(said.aceInhibitor, controls.ace_inhibitor), field(said.atRisk, controls.at_risk),
    field(said.devices, controls.devices, said.devicesHint),
    element("fieldset", {}, element("legend", {}, said.premed), premed.map((one) => element("span", { class: "row-of" }, one.box, one.amount, said.milligrams))),
    element("fieldset", {}, element("legend", {}, said.history), field(said.historyGrade, reaction.grade), field(said.historyRate, reaction.rate)));
}

function transferForm(context) {
  const { store, words, bed } = context;
  const said = words.session;
  const state = store.state.beds.get(bed)?.state;
  const controls = { to_bed: textInput("to_bed", { maxlength: 32 }), reason: textInput("reason", { maxlength: 64 }) };
  const known = (state?.devices ?? []).map(({ device }) => ({ key: device, box: checkbox(`device-${device}`, device, true) }));
  controls.devices = textInput("devices", { placeholder: "mon-17" });
  function send() {
    const devices = known.length ? known.filter((one) => one.box.firstChild.checked).map((one) => one.key).join(" ") : controls.devices.value;
    const made = transferPayload({ session: state?.session, from: bed, to_bed: controls.to_bed.value, devices, reason: controls.reason.value, beds: store.state.beds }, said.wrong);
    return deliver(context, controls, made, said.transferred(controls.to_bed.value));
  }
  return shell(context, said.transfer, send, field(said.toBed, controls.to_bed, said.toBedHint),
    known.length ? element("fieldset", {}, element("legend", {}, said.devicesAlong), known.map((one) => one.box)) : field(said.devicesAlong, controls.devices, said.devicesHint),
    field(said.reason, controls.reason));
}

function closeForm(context) {
  const { store, words, bed } = context;
  const said = words.session;
  const state = store.state.beds.get(bed)?.state;
  const stays = (state?.watch ?? []).filter((one) => one.holds === "stay");
  const controls = { reason: textInput("reason", { maxlength: 64 }) };
  function send() {
    const made = closePayload({ session: state?.session, reason: controls.reason.value, stays }, said.wrong);
    return deliver(context, controls, made, said.closed);
  }
  return shell(context, said.close, send,
    stays.length ? element("p", { class: "warned" }, said.stays(stays, store.state.now())) : null, field(stays.length ? said.reason : said.reasonMaybe, controls.reason));
}

