// The clocks of a reaction: since the stop, since epinephrine and when it may be repeated, when a step
// is looked at, and how long somebody is to stay.

import { arrange, element, setAttribute, setText } from "./dom.js";
import { nothing, section } from "./forms.js";
import { stampMs } from "./clock.js";
import { kindsOf } from "./ladder.js";

export function mount(root, { store, words, clock, bed }) {
  const said = words.timers;
  const list = element("dl", { class: "timers" });
  const none = nothing(said.none);
  const node = section("timers", said.title, none, list);
  root.append(node);
  const rows = new Map();

  function update() {
    const timers = timersOf(store.state, bed, said);
    none.hidden = timers.length > 0;
    arrange(list, timers.map((timer) => {
      if (!rows.has(timer.key)) rows.set(timer.key, timerRow());
      rows.get(timer.key).show(timer, clock.now(), said);
      return rows.get(timer.key).node;
    }));
    for (const key of [...rows.keys()]) if (!timers.some((timer) => timer.key === key)) rows.delete(key);
  }

  update();
  return { update, unmount: () => node.remove() };
}

function timerRow() {
  const name = element("dt", {});
  const time = element("dd", {});
  const node = element("div", { class: "timer" }, name, time);
  function show(timer, now, said) {
    setText(name, timer.words);
    const left = timer.until === null ? null : timer.until - now;
    const isDue = left !== null && left <= 0;
    setText(time, left === null ? said.since(now - timer.from) : isDue ? said.due(-left) : said.left(left));
    setAttribute(node, "data-due", isDue);
    setAttribute(node, "data-key", timer.key);
  }
  return { node, show };
}

// Returns the timers of a bed: {key, words, from, until}, where one of the two times may be null.
export function timersOf(state, bed, said) {
  const advice = state.advice.get(bed);
  const shown = state.beds.get(bed)?.state;
  const kinds = kindsOf(state, advice);
  const timers = [];
  for (const step of advice?.steps ?? []) {
    const taken = stampMs(step.t);
    const { kind, drug, repeat_s } = kinds(step);
    const isTaken = step.state === "done" && taken !== null;
    if (isTaken && (kind === "stop" || step.key === "stop")) {
      timers.push({ key: `${step.key} stop`, words: said.sinceStop, from: taken, until: null });
    }
    const isEpinephrine = drug === "epinephrine";
    if (isEpinephrine && isTaken) timers.push(...doses(step, shown, repeat_s, said));
    const look = stampMs(step.look_at);
    if (look !== null && !isEpinephrine) timers.push({ key: `${step.key} look`, words: said.look(step.words), from: null, until: look });
  }
  const restart = stampMs(advice?.restart_at);
  if (restart !== null) timers.push({ key: "restart", words: said.restart, from: null, until: restart });
  for (const watch of shown?.watch ?? []) {
    timers.push({ key: `watch ${watch.key}`, words: said.watch(watch.words, watch.holds), from: null, until: stampMs(watch.until) });
  }
  return timers.filter((timer) => timer.from !== null || timer.until !== null);
}

// Since the last dose of epinephrine, which dose that was, and when the site's rule repeats it.
function doses(step, shown, repeat_s, said) {
  const given = (shown?.given ?? []).filter((one) => one.drug === "epinephrine");
  const from = given.reduce((last, one) => Math.max(last, stampMs(one.t) ?? 0), stampMs(step.t));
  const dose = step.given || step.dose;
  const timers = [{ key: `${step.key} since`, words: said.sinceDose(Math.max(1, given.length), dose), from, until: null }];
  const until = repeat_s ? from + repeat_s * 1000 : stampMs(step.look_at);
  if (until !== null) timers.push({ key: `${step.key} repeat`, words: said.repeat, from: null, until });
  return timers;
}
