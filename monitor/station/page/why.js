// Why an alert is as it is: the rows that decided it, how long each sign has lasted, the pictures that
// hold and what they lack, what other rule books say; and where nothing fires, why not.

import { element } from "./dom.js";
import { nothing, section } from "./forms.js";
import { stampMs } from "./clock.js";

export function mount(root, { store, words, bed }) {
  const said = words.why;
  const place = element("div", { class: "why-cards" });
  const node = section("why", said.title, place);
  root.append(node);
  let shown = "";

  // A card is made anew only when its alert is another revision: an open detail stays open.
  function update() {
    const alerts = [...store.state.alerts.values()].filter((one) => one.bed === bed);
    const state = store.state.beds.get(bed)?.state;
    const key = JSON.stringify([alerts.map((one) => [one.id, one.rev]), state?.why_not, state?.snoozes, state?.untold, state?.remarks]);
    if (key === shown) return;
    shown = key;
    const open = new Set([...place.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    place.replaceChildren(...alerts.map((alert) => card(alert, said)), quiet(state, alerts, said));
    for (const one of place.querySelectorAll("details")) if (open.has(one.dataset.key)) one.open = true;
  }

  update();
  return { update, unmount: () => node.remove() };
}

function card(alert, said) {
  return element("article", { class: "why-card", "data-priority": alert.priority, "aria-label": said.of(alert.label) },
    element("h4", {}, said.head(alert)),
    element("p", { class: "muted" }, said.signal(alert.signal, alert.reason, alert.state)),
    rowsTable(alert.because ?? [], said),
    moves(alert.excursions ?? [], said),
    persistence(alert.persistence ?? [], said),
    fold(`${alert.id} pictures`, said.pictures, (alert.pictures ?? []).map((picture) => pictureOf(picture, said)), said.noPictures),
    fold(`${alert.id} books`, said.books, books(alert.books ?? [], said), said.noBooks),
    path(alert, said),
    element("p", { class: "muted digest" }, said.digest(alert.config, alert.rev)));
}

function fold(key, title, children, none) {
  return element("details", { "data-key": key }, element("summary", {}, title), children.length ? children : nothing(none));
}

function rowsTable(rows, said) {
  if (rows.length === 0) return nothing(said.noRows);
  const cells = (row) => [
    row.words, said.value(row.v, row.u, stampMs(row.t)), said.limit(row.limit, row.u), said.base(row.base, row.noise),
    said.margin(row.margin, row.u), said.clears(row.clears_at, row.u), (row.source ?? []).join(", "),
  ];
  return element("div", { class: "scrolls", tabindex: "0", role: "group", "aria-label": said.rows },
    element("table", {}, element("thead", {}, element("tr", {}, said.columns.map((title) => element("th", { scope: "col" }, title)))),
      element("tbody", {}, rows.map((row) => element("tr", { "data-rule": row.rule },
        cells(row).map((words, at) => (at === 0
          ? element("th", { scope: "row" }, said.grade(row.grade), " ", words, element("small", {}, ` ${row.rule}`))
          : element("td", {}, words))))))));
}

// How far the person has moved, each line as the monitor words it.
function moves(rows, said) {
  if (rows.length === 0) return null;
  return [element("h5", {}, said.moves), element("ul", { class: "plain why-moves" }, rows.map((row) => element("li", { "data-what": row.what }, row.words)))];
}

function persistence(rows, said) {
  if (rows.length === 0) return null;
  return element("ul", { class: "plain" }, rows.map((row) => element("li", {}, said.lasted(row, stampMs(row.since)))));
}

function pictureOf(picture, said) {
  const clue = (one) => element("li", { "data-against": one.points < 0 }, said.clue(one.points, one.words));
  return element("div", { class: "picture", "data-leads": Boolean(picture.leads) },
    element("h5", {}, said.picture(picture.pattern, picture.points, picture.leads)),
    element("ul", { class: "plain" }, (picture.clues ?? []).map(clue)),
    (picture.lacking ?? []).length ? element("p", {}, said.lacking(picture.lacking)) : null);
}

function books(rows, said) {
  return rows.length === 0 ? [] : [element("ul", { class: "plain" }, rows.map((book) =>
    element("li", { "data-says": book.says }, said.book(book))))];
}

function path(alert, said) {
  const steps = (alert.grade_path ?? []).map((one) => said.reached(one.grade, stampMs(one.t)));
  return steps.length ? element("p", {}, said.path(steps)) : null;
}

// What is quiet now, each with its reason, and where nothing fires the nearest rules.
function quiet(state, alerts, said) {
  const lines = (rows) => element("ul", { class: "plain" }, rows.map((row) => element("li", {}, lineOf(row, said))));
  const whyNot = state?.why_not;
  const parts = [];
  if ((state?.snoozes ?? []).length) parts.push(element("h4", {}, said.snoozes), lines(state.snoozes));
  if ((state?.untold ?? []).length) parts.push(element("h4", {}, said.untold), lines(state.untold));
  if ((state?.remarks ?? []).length) parts.push(element("h4", {}, said.remarks), lines(state.remarks));
  const isCalm = !alerts.some((one) => one.kind === "physiological" && one.state !== "ended");
  if (isCalm) {
    parts.push(element("h4", {}, said.whyNot));
    parts.push(whyNot?.lines?.length ? lines(whyNot.lines) : nothing(said.whyNotUnknown));
    if (whyNot) parts.push(element("p", { class: "muted" }, said.asOf(stampMs(whyNot.t))));
  }
  return element("div", { class: "why-quiet" }, parts);
}

function lineOf(row, said) {
  if (typeof row === "string") return row;
  return row.what ? said.untoldLine(row) : said.snoozeLine(row, stampMs(row.until));
}
