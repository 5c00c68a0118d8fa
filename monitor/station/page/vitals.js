// Vital signs taken by hand, and what a person sees that no channel carries.

import { button, element, setText } from "./dom.js";
import { checkbox, createOutcome, field, form, numberInput, numberOf, refuseField, section, select, submit } from "./forms.js";

const ORDER = ["hr", "sbp", "dbp", "spo2", "rr", "temp"];
const MINUTE = 60_000;
const AGES_MIN = [0, 1, 2, 5, 10];
const AWAKE = ["", "alert", "confused", "voice", "pain", "unresponsive"];

export function mount(root, context) {
  const { store, words, bed } = context;
  const said = words.vitals;
  const outcome = createOutcome(context);
  const wanted = element("p", { class: "wanted" });
  const place = element("div", { class: "unfolded" });
  const opener = button(said.open, () => {
    if (place.firstChild) { place.replaceChildren(); return; }
    place.replaceChildren(vitalsForm({ ...context, outcome, close: () => { place.replaceChildren(); opener.focus(); } }));
    place.querySelector("input").focus();
  }, { class: "button tap", "data-record": "vitals" });
  const node = section("vitals", said.title, wanted, opener, place, outcome.node);
  root.append(node);

  function update() {
    const asked = store.state.beds.get(bed)?.state?.wanted ?? [];
    setText(wanted, asked.length ? said.wanted(asked.map((name) => words.numbers.names[name] ?? name)) : "");
    outcome.update();
  }

  update();
  return { update, unmount: () => node.remove() };
}

function vitalsForm({ store, words, bed, outcome, close }) {
  const said = words.vitals;
  const units = Object.fromEntries((store.state.hello?.vocabulary?.channels ?? []).map((one) => [one.ch, one.u]));
  const inputs = Object.fromEntries(ORDER.map((name) => [name, numberInput(name)]));
  const age = select("age", AGES_MIN.map((minutes) => [String(minutes), said.ago(minutes)]), "0");
  const doubtful = checkbox("doubtful", said.doubtful);
  const awake = select("consciousness", AWAKE.map((one) => [one, said.awake[one]]));
  const oxygen = numberInput("oxygen");

  async function send() {
    const values = [];
    for (const name of ORDER) {
      const value = numberOf(inputs[name].value);
      if (Number.isNaN(value)) return refuseField(outcome, inputs[name], said.noNumber(words.numbers.names[name], inputs[name].value));
      if (value === null) continue;
      values.push({ ch: name, v: value, u: units[name] ?? said.units[name], ...(doubtful.firstChild.checked ? { q: "questionable" } : {}) });
    }
    const found = (name) => values.find((one) => one.ch === name)?.v;
    if (found("sbp") !== undefined && found("dbp") >= found("sbp")) {
      return refuseField(outcome, inputs.dbp, said.narrow(found("dbp"), found("sbp")));
    }
    const flow = numberOf(oxygen.value);
    if (Number.isNaN(flow) || flow < 0) return refuseField(outcome, oxygen, said.noNumber(said.oxygen, oxygen.value));
    const condition = { ...(awake.value ? { consciousness: awake.value } : {}), ...(flow === null ? {} : { oxygen: { v: flow, u: "L/min" } }) };
    const hasCondition = Object.keys(condition).length > 0;
    if (values.length === 0 && !hasCondition) return refuseField(outcome, inputs.hr, said.empty);
    const about = sessionOf(store.state, bed);
    const t = Number(age.value) > 0 ? { t: new Date(store.state.now() - Number(age.value) * MINUTE).toISOString() } : {};
    let isSent = true;
    if (values.length) isSent = await outcome.send(said.recorded(values.length), { bed, kind: "obs", payload: { values, ...about, ...t } });
    if (isSent && hasCondition) isSent = await outcome.send(said.conditionRecorded, { bed, kind: "obs", payload: { condition, ...about } });
    if (isSent) close();
    return undefined;
  }

  const fields = ORDER.map((name) => field(`${words.numbers.names[name]} ${said.short[name]} (${words.numbers.units[name]})`, inputs[name]));
  return form({ class: "details", "aria-label": said.title, keydown: (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  } }, send, ...fields, field(said.taken, age), field(said.consciousness, awake), field(said.oxygenFlow, oxygen, said.oxygenHint),
  doubtful, submit(said.record), button(said.cancel, close));
}

function sessionOf(state, bed) {
  const session = state.beds.get(bed)?.state?.session;
  return session ? { session } : {};
}
