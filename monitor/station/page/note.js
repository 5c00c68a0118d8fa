// The draft of the reaction note: what happened, what was done, how the person responded. It is a
// draft until somebody who was there has read it and put a name to it.

import { get } from "./acts.js";
import { button, element, setText } from "./dom.js";
import { section } from "./forms.js";

export function mount(root, { words, bed }) {
  const said = words.note;
  const text = element("pre", { class: "draft", tabindex: "0", "aria-label": said.title, hidden: true });
  const told = element("p", { class: "outcome" });
  const copy = button(said.copy, copyText, { hidden: true });
  const show = button(said.show, load, { class: "button tap", "data-record": "note" });
  const banner = element("p", { class: "draft-banner", hidden: true }, said.draft);
  const node = section("note", said.title, element("p", { class: "muted" }, said.about), show, copy, banner, text, told);
  root.append(node);

  async function load() {
    setText(told, said.loading);
    const { status, body } = await get(`/api/v1/beds/${encodeURIComponent(bed)}/note`);
    const draft = status === 200 ? String(body.text ?? "") : "";
    setText(told, status === 200 ? (draft ? "" : said.empty) : said.failed);
    // Every copy carries the word, whatever the server wrote.
    setText(text, draft && !draft.includes(said.mark) ? `${said.mark}\n\n${draft}` : draft);
    for (const one of [text, copy, banner]) one.hidden = !draft;
  }

  async function copyText() {
    try {
      await navigator.clipboard.writeText(text.textContent);
      setText(told, said.copied);
    } catch {
      // A page over plain http has no clipboard: the text is marked, the keys of the browser copy it.
      getSelection().selectAllChildren(text);
      text.focus();
      setText(told, said.copyByHand);
    }
  }

  return { update() {}, unmount: () => node.remove() };
}
