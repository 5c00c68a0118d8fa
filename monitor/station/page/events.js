// What happened in the last 24 hours, newest first, by bed and kind.

import { get } from "./acts.js";
import { button, element, setText } from "./dom.js";
import { nothing, select } from "./forms.js";
import { stampMs } from "./clock.js";
import { timeOfDay } from "./words.js";
import { typeset } from "./words_numbers.js";

const HOURS = [1, 4, 12, 24];
const SHOWN_MOST = 500;

export function mount(root, { store, words }) {
  const said = words.events;
  const hours = select("hours", HOURS.map((one) => [String(one), said.hours(one)]), "24");
  const bed = select("bed", [["", said.allBeds]]);
  const kind = select("kind", [["", said.allKinds]]);
  const told = element("p", { class: "outcome" });
  const place = element("div", { class: "scrolls", tabindex: "0", role: "group", "aria-label": said.title });
  const node = element("article", { class: "panel events", "aria-label": said.title },
    element("div", { class: "row-of" }, element("a", { href: "#/", class: "button" }, words.chair.back), element("h2", {}, said.title),
      element("label", {}, said.since, " ", hours), element("label", {}, said.bed, " ", bed), element("label", {}, said.kind, " ", kind),
      button(said.refresh, load)), told, place);
  root.append(node);
  let isGone = false;
  let turn = 0;

  // Only the newest question is answered: an older answer that comes late is dropped.
  async function load() {
    turn += 1;
    const mine = turn;
    setText(told, said.loading);
    const { status, body } = await get(`/api/v1/events?hours=${hours.value}`);
    if (isGone || mine !== turn) return;
    if (status !== 200) {
      setText(told, said.failed);
      return;
    }
    node.events = body.events ?? [];
    offer(bed, [...new Set(node.events.map((one) => one.bed))].sort(byName), said.allBeds);
    offer(kind, [...new Set(node.events.map((one) => one.kind))].sort(), said.allKinds, said.kinds);
    show();
  }

  function show() {
    const rows = (node.events ?? []).filter((one) => (!bed.value || one.bed === bed.value) && (!kind.value || one.kind === kind.value))
      .sort((one, other) => other.t_ms - one.t_ms);
    setText(told, said.count(Math.min(rows.length, SHOWN_MOST), rows.length));
    place.replaceChildren(rows.length ? tableOf(rows.slice(0, SHOWN_MOST), said) : nothing(said.none));
  }

  hours.addEventListener("change", load);
  for (const one of [bed, kind]) one.addEventListener("change", show);
  load();
  return { update() {}, unmount() { isGone = true; node.remove(); } };
}

function byName(one, other) {
  return one.localeCompare(other, "en", { numeric: true });
}

function offer(control, values, all, names = {}) {
  const chosen = control.value;
  control.replaceChildren(element("option", { value: "" }, all), ...values.map((value) =>
    element("option", { value, selected: value === chosen }, names[value] ?? value)));
}

function tableOf(rows, said) {
  const cells = (row) => [timeOfDay(stampMs(row.t_ms)), row.bed, said.kinds[row.kind] ?? row.kind, row.priority ?? "", typeset(row.words), row.by ?? "", row.session ?? ""];
  return element("table", {}, element("thead", {}, element("tr", {}, said.columns.map((title) => element("th", { scope: "col" }, title)))),
    element("tbody", {}, rows.map((row) => element("tr", { "data-kind": row.kind, "data-priority": row.priority ?? null },
      cells(row).map((cell) => element("td", {}, String(cell)))))));
}
