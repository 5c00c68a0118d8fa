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

// Returns the timers of a bed: {key, words, from, until}, where one of the two times is null.
export function timersOf(state, bed, said) {
  const advice = state.advice.get(bed);
  const shown = state.beds.get(bed)?.state;
  const kinds = kindsOf(state, advice);
  const timers = [];
  for (const step of advice?.steps ?? []) {
    const taken = stampMs(step.t);
    const isTaken = step.state === "done" && taken !== null;
    if (isTaken && (kinds(step).kind === "stop" || step.key === "stop")) {
      timers.push({ key: "stop", words: said.sinceStop, from: taken, until: null });
    }
    const isEpinephrine = step.key.startsWith("epinephrine") && step.key !== "epinephrine-ready";
    if (isEpinephrine && taken !== null) {
      timers.push({ key: `${step.key} since`, words: said.sinceDose(step.given || step.dose), from: taken, until: null });
    }
    const look = stampMs(step.look_at);
    if (look !== null) {
      timers.push({ key: `${step.key} look`, words: isEpinephrine ? said.repeat : said.look(step.words), from: null, until: look });
    }
  }
  const restart = stampMs(advice?.restart_at);
  if (restart !== null) timers.push({ key: "restart", words: said.restart, from: null, until: restart });
  for (const watch of shown?.watch ?? []) {
    timers.push({ key: `watch ${watch.key}`, words: said.watch(watch.words, watch.holds), from: null, until: stampMs(watch.until) });
  }
  return timers.filter((timer) => timer.from !== null || timer.until !== null);
}
