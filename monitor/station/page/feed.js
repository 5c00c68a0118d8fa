// The alerts: one row an episode, those that nobody has seen first.

import { arrange, element, setText } from "./dom.js";
import { makeRow } from "./alert_row.js";
import { compareAlerts, createHold, isLoud } from "./order.js";
import { words } from "./words.js";

export function mount(root, { store, acts, clock, ask, focus }) {
  const list = element("ul", { class: "alerts" });
  const counts = element("span", { class: "muted" });
  const below = element("p", { class: "muted", hidden: true });
  const none = element("p", { class: "muted none", hidden: true });
  const hold = createHold(list);
  const rows = new Map();
  let order = [];
  root.setAttribute("aria-labelledby", "feed-title");
  root.append(
    element("div", { class: "top" }, element("h2", { id: "feed-title" }, words.feed.title), counts),
    below,
    none,
    list,
  );

  // A row never moves under a finger: while somebody points at the list, what is new waits at its
  // end and is said above it.
  const waiting = new Set();
  function reorder(alerts) {
    const wanted = [...alerts.values()].sort(compareAlerts).map((alert) => alert.id);
    if (!hold.isHeld()) {
      waiting.clear();
      order = wanted;
      return;
    }
    const kept = order.filter((id) => alerts.has(id));
    const fresh = wanted.filter((id) => !kept.includes(id));
    for (const id of fresh) waiting.add(id);
    for (const id of waiting) if (!alerts.has(id)) waiting.delete(id);
    order = [...kept, ...fresh];
  }

  function update() {
    const { alerts } = store.state;
    reorder(alerts);
    for (const id of rows.keys()) if (!alerts.has(id)) rows.delete(id);
    const nodes = order.map((id) => {
      if (!rows.has(id)) rows.set(id, makeRow({ store, acts, clock, ask }));
      const row = rows.get(id);
      row.update(alerts.get(id));
      return row.node;
    });
    arrange(list, nodes);
    const calling = [...alerts.values()].filter(isLoud).length;
    setText(counts, words.feed.counts(alerts.size, calling));
    setText(none, clock.isStale() ? words.feed.unbelievable : words.feed.none);
    none.hidden = alerts.size > 0;
    setText(below, words.feed.newBelow(waiting.size));
    below.hidden = waiting.size === 0;
    clock.setFlashing(
      [...alerts.values()].some((alert) => alert.signal === "on" && alert.priority === "high"),
      [...alerts.values()].some((alert) => alert.signal === "on" && alert.priority === "medium"),
    );
    focus?.rove(list, ".alert .bed-link");
  }

  return { update, unmount: () => root.replaceChildren() };
}
