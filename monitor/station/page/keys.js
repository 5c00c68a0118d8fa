// The keyboard: one stop of Tab for the beds and one for the alerts, arrows within them, and
// single keys, which can be turned off because dictation and trembling hands press them too.

import { remember, remembered } from "./dom.js";
import { alertsByBed, isLoud, isOwn } from "./order.js";
import { words } from "./words.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Keeps exactly one element of a list reachable by Tab: the one that had the focus last.
export function createFocus() {
  const last = new Map();
  return {
    rove(list, selector) {
      const items = [...list.querySelectorAll(selector)];
      const active = items.find((one) => one === document.activeElement);
      const kept = active ?? items.find((one) => one === last.get(list)) ?? items[0];
      last.set(list, kept);
      for (const one of items) {
        const wanted = one === kept ? "0" : "-1";
        if (one.getAttribute("tabindex") !== wanted) one.setAttribute("tabindex", wanted);
      }
    },
  };
}

// Returns the element that an arrow leads to: the nearest one in that direction.
export function nearest(items, from, [right, down]) {
  const box = (one) => one.getBoundingClientRect();
  const start = box(from);
  let best = null;
  for (const one of items) {
    if (one === from) continue;
    const at = box(one);
    const x = at.left - start.left;
    const y = at.top - start.top;
    const along = right * x + down * y;
    const across = Math.abs(right ? y : x);
    if (along < 4) continue;
    const distance = along + across * 3;
    if (!best || distance < best.distance) best = { one, distance };
  }
  return best?.one ?? null;
}

const areOff = () => remembered("keys") === "off";

function isTyping(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

export function createKeys({ store, acts, speech, grid, header, openBed }) {
  // The alert that a key is about: that of the row or tile with the focus, or of the open chair.
  function alertInFocus() {
    const row = document.activeElement?.closest("[data-alert]");
    if (row) return store.state.alerts.get(row.dataset.alert) ?? null;
    const bed = document.activeElement?.closest("[data-bed]")?.dataset.bed ?? openBed();
    if (!bed) {
      speech.answer(words.help.chooseFirst);
      return null;
    }
    const alert = alertsByBed(store.state).get(bed)?.[0] ?? null;
    if (!alert) speech.answer(words.help.nothing(bed));
    return alert;
  }

  function act(name, extra = {}) {
    const alert = alertInFocus();
    if (!alert) return;
    if (name !== "ack" && isOwn(alert)) {
      speech.answer(words.help.ownAlert);
      return;
    }
    if (name === "ack" && !isLoud(alert) && alert.signal !== "snoozed") return;
    acts.onAlert(alert, name, extra);
  }

  const SINGLE = {
    a: () => act("ack"),
    p: () => act("pause-audio", { for_s: 120 }),
    e: () => act("escalate"),
    "/": () => grid.askForBed(),
    "?": () => header.toggleHelp(),
  };

  function arrow(event) {
    const at = document.activeElement;
    for (const selector of [".tile", ".bed-link"]) {
      if (!at?.matches(selector)) continue;
      const list = at.closest("ul");
      const to = nearest(list.querySelectorAll(selector), at, ARROWS[event.key]);
      if (!to) return;
      event.preventDefault();
      to.focus();
    }
  }

  function escape() {
    if (grid.stopAsking() || header.closeDrawers()) return;
    if (location.hash && location.hash !== "#/") location.hash = "#/";
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") escape();
    else if (isTyping(event.target)) return;
    else if (event.key in ARROWS) arrow(event);
    else if (event.key === "PageDown" || event.key === "PageUp") {
      if (event.target.closest?.("#chair, #view, #feed")) return;
      event.preventDefault();
      grid.turn(event.key === "PageDown" ? 1 : -1);
    } else if (!areOff() && !event.repeat && SINGLE[event.key]) {
      event.preventDefault();
      SINGLE[event.key]();
    }
  });
  return {
    areOff,
    turn: (on) => remember("keys", on ? "on" : "off"),
  };
}
