// The clock strip: since the start, since the rate changed, the next step up and what speaks against
// it, the next vital signs, and the volume.

import { element, setAttribute, setText } from "./dom.js";
import { stampMs } from "./clock.js";

const CELLS = ["start", "rate", "step", "vitals", "volume"];

export function mount(root, { store, words, clock, bed }) {
  const said = words.strip;
  const cells = Object.fromEntries(CELLS.map((name) => [name, cellOf(said.titles[name])]));
  const node = element("dl", { class: "strip", "aria-label": said.title }, CELLS.map((name) => cells[name].node));
  root.append(node);

  function update() {
    const state = store.state.beds.get(bed)?.state;
    const now = clock.now();
    for (const name of CELLS) cells[name].show(...SHOWN[name](state, now, said, alertContext(store.state, bed)));
  }

  update();
  return { update, unmount: () => node.remove() };
}

function cellOf(title) {
  const big = element("dd", { class: "strip-big" });
  const small = element("dd", { class: "strip-small" });
  const node = element("div", { class: "strip-cell" }, element("dt", {}, title), big, small);
  return { node, show(words, beside = "", level = "") {
    setText(big, words);
    setText(small, beside);
    setAttribute(node, "data-level", level || null);
  } };
}

function alertContext(state, bed) {
  for (const alert of state.alerts.values()) if (alert.bed === bed && alert.context && alert.kind !== "technical") return alert;
  return null;
}

// A state says when the infusion began; an older monitor says it only in its alerts, in minutes.
function sinceOf(state, name, minutes, alert, now) {
  const at = stampMs(state?.[name]);
  if (at !== null) return now - at;
  const told = alert?.context?.[minutes];
  return told === undefined || told === null ? null : told * 60_000 + (now - stampMs(alert.t));
}

const SHOWN = {
  start(state, now, said, alert) {
    const since = sinceOf(state, "started", "min_since_start", alert, now);
    return since === null ? [said.unknown, said.phases[state?.phase] ?? ""] : [said.since(since), said.phases[state?.phase] ?? ""];
  },
  rate(state, now, said, alert) {
    const since = sinceOf(state, "rate_changed", "min_since_rate_change", alert, now);
    return [since === null ? said.unknown : said.since(since), state?.rate ? said.rate(state.rate.v, state.rate.u) : said.rateUnknown];
  },
  step(state, now, said) {
    const step = state?.step_up;
    if (!step) return [said.noStep(state?.phase)];
    const due = stampMs(step.due);
    const when = due === null ? said.unknown : due <= now ? said.dueNow : said.dueIn(due - now);
    const rate = step.rate ? said.rate(step.rate.v, step.rate.u) : "";
    return [[rate, when].filter(Boolean).join(" "), step.ready ? said.ready : said.notReady(step.reasons ?? []), step.ready ? "good" : "held"];
  },
  vitals(state, now, said) {
    const sets = state?.vitals_due ?? [];
    const first = sets.find((one) => one.state !== "next") ?? sets[0];
    if (!first) return [said.noVitals];
    const due = stampMs(first.due);
    const when = due === null ? said.unknown : due > now ? said.dueIn(due - now) : said.lateBy(now - due);
    return [when, [first.words, said.missing(first.missing ?? [])].filter(Boolean).join(": "), first.state === "next" ? "" : "late"];
  },
  volume(state, now, said) {
    const volume = state?.volume;
    if (!volume) return [said.unknown, said.noVolume];
    return [said.infused(volume.infused?.v ?? null), said.remaining(volume.left?.v ?? null, volume.by)];
  },
};
