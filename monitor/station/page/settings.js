// The settings in force, read only: every value with its unit, its comparison and its sources.

import { get } from "./acts.js";
import { element, setText } from "./dom.js";
import { nothing, textInput } from "./forms.js";

export function mount(root, { words }) {
  const said = words.settings;
  const find = textInput("find", { type: "search" });
  const told = element("p", { class: "outcome" });
  const digest = element("p", { class: "muted digest" });
  const place = element("div", {});
  const node = element("article", { class: "panel settings", "aria-label": said.title },
    element("div", { class: "row-of" }, element("a", { href: "#/", class: "button" }, words.chair.back), element("h2", {}, said.title),
      element("label", {}, said.find, " ", find)), element("p", { class: "muted" }, said.readOnly), digest, told, place);
  root.append(node);
  let isGone = false;
  let settings = null;

  async function load() {
    setText(told, said.loading);
    const { status, body } = await get("/api/v1/settings");
    if (isGone) return;
    setText(told, status === 200 ? "" : said.failed);
    if (status !== 200) return;
    settings = body;
    setText(digest, said.digest(body.digest));
    show();
  }

  function show() {
    const text = find.value.trim().toLowerCase();
    const holds = (row) => !text || JSON.stringify(row).toLowerCase().includes(text);
    const sections = (settings?.sections ?? []).map((one) => ({ ...one, rows: (one.rows ?? []).filter(holds) })).filter((one) => one.rows.length);
    place.replaceChildren(...(sections.length ? sections.map((one) => sectionOf(one, settings.sources ?? {}, said, Boolean(text))) : [nothing(said.none)]));
  }

  find.addEventListener("input", show);
  load();
  return { update() {}, unmount() { isGone = true; node.remove(); } };
}

function sectionOf({ name, rows }, sources, said, isOpen) {
  const cells = (row) => [row.key, row.words ?? "", [row.comparison, row.value, row.unit].filter((one) => one !== "" && one !== null && one !== undefined).join(" ")];
  return element("details", { open: isOpen, class: "settings-section" }, element("summary", {}, said.section(name, rows.length)),
    element("div", { class: "scrolls", tabindex: "0", role: "group", "aria-label": name },
      element("table", {}, element("thead", {}, element("tr", {}, said.columns.map((title) => element("th", { scope: "col" }, title)))),
        element("tbody", {}, rows.map((row) => element("tr", {}, cells(row).map((cell) => element("td", {}, String(cell))),
          element("td", {}, (row.source ?? []).map((key) => element("span", { class: "source" }, said.source(key, sources[key])))))))))); 
}
