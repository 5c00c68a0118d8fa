// Parts that the forms of the chair share: labelled fields, choices, doses, and the line that says
// what became of what was recorded.

import { button, element, setText } from "./dom.js";

let made = 0;

// Returns a labelled field; `control` is an input or a select, `hint` stands under it.
export function field(label, control, hint = "") {
  made += 1;
  control.id = `field-${made}`;
  const below = hint ? element("small", { id: `hint-${made}`, class: "hint" }, hint) : null;
  if (below) control.setAttribute("aria-describedby", below.id);
  return element("div", { class: "field" }, element("label", { for: control.id }, label), control, below);
}

export function numberInput(name, value = "", attributes = {}) {
  return element("input", { name, type: "text", inputmode: "decimal", autocomplete: "off", size: 6, value, ...attributes });
}

export function textInput(name, attributes = {}) {
  return element("input", { name, type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
}

// Returns a select from [value, words] pairs.
export function select(name, pairs, chosen = "") {
  return element("select", { name }, pairs.map(([value, words]) =>
    element("option", { value, selected: value === chosen }, words)));
}

export function checkbox(name, label, isOn = false) {
  return element("label", { class: "check" }, element("input", { type: "checkbox", name, checked: isOn }), label);
}

// Returns the number that a field holds: null if it is empty, NaN if it holds something else.
export function numberOf(text) {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  return /^[-+]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : NaN;
}

// In what a drug or a fluid is recorded.
export const DOSE_UNITS = [["mg", "mg"], ["g", "g"], ["mL", "mL"]];

// Returns {v, u} from words like "0.5 mg IM" or "1400 mL of saline", or null where no amount can be recorded from them.
export function doseOf(words) {
  const found = /(?:^|\s)(\d+(?:\.\d+)?)\s*(mg|mL|g)(?![\w/])/.exec(words ?? "");
  return found ? { v: Number(found[1]), u: found[2] } : null;
}

export function nothing(words) {
  return element("p", { class: "none" }, words);
}

export function section(name, title, ...children) {
  const heading = element("h3", { id: `title-${name}` }, title);
  return element("section", { class: `part part-${name}`, "aria-labelledby": heading.id }, heading, ...children);
}

// Returns a form that never leaves the page: `send` is called with it.
export function form(attributes, send, ...children) {
  return element("form", {
    novalidate: true, ...attributes,
    submit: (event) => { event.preventDefault(); send(event.currentTarget); },
  }, ...children);
}

export function submit(words, attributes = {}) {
  return element("button", { type: "submit", class: "button strong", ...attributes }, words);
}

export function cancel(words, close) {
  return button(words, close);
}

// Marks one field as wrong, says why, and puts the focus there.
export function refuseField(outcome, control, sentence) {
  control.setAttribute("aria-invalid", "true");
  control.addEventListener("input", () => control.removeAttribute("aria-invalid"), { once: true });
  control.focus();
  outcome.refuse(sentence);
}

// Returns the line under a form. `send` sends an act and follows it to its answer; `update` is to be
// called when answers come or time passes.
export function createOutcome({ store, acts, words, clock }) {
  const said = words.chair;
  const node = element("p", { class: "outcome", "data-state": "" });
  let sent = null;

  function say(state, sentence) {
    node.dataset.state = state;
    setText(node, sentence);
    const region = document.getElementById("say-status");
    if (region && state !== "sending" && sentence) setText(region, sentence);
  }

  function update() {
    if (!sent) return;
    const answer = store.state.answers.get(sent.id);
    if (answer) {
      const label = sent.label;
      sent = null;
      if (answer.refused) say("refused", words.acts.refused(answer.refused));
      else say("done", said.recorded(label, answer.by));
    } else if (clock.now() - sent.at > said.answerWithinMs && node.dataset.state === "sent") {
      say("waiting", said.unanswered(sent.label));
    }
  }

  return {
    node,
    update,
    refuse: (sentence) => say("refused", sentence),
    clear: () => say("", ""),
    async send(label, act) {
      say("sending", said.sending(label));
      const { ok, id, error } = await acts.send(act);
      if (!ok) {
        say("refused", error);
        return false;
      }
      sent = { id, label, at: clock.now() };
      say("sent", said.sent(label));
      update();
      return true;
    },
  };
}
