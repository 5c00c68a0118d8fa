// The bar above everything: who calls, whether this page is alive and can sound, who acts here.

import { stampMs } from "./clock.js";
import { button, element, mark, remembered, setAttribute, setText } from "./dom.js";
import { alertsByBed, isLoud, isStanding, kindOf, raisedMs } from "./order.js";
import { timeOfDay, words } from "./words.js";

const KINDS = ["high", "medium", "low", "technical"];
const FLOWING = new Set(["infusing", "slowed"]);
const TOOK_OVER_SHOWN_MS = 3600000;
const THEMES = ["", "dark", "light"];

function counters() {
  const chips = new Map(KINDS.map((kind) => {
    const count = element("b");
    const node = element("span", { class: `chip filled-${kind}`, "data-count": kind }, mark(kind), count, element("span", {}, words.header.priorities[kind]));
    return [kind, { node, count }];
  }));
  return {
    node: element("div", { class: "row-of", role: "group", "aria-label": words.header.alerts }, [...chips.values()].map((one) => one.node)),
    update(alerts) {
      for (const [kind, { node, count }] of chips) {
        const mine = alerts.filter((alert) => kindOf(alert) === kind);
        setText(count, mine.length);
        setAttribute(node, "data-zero", mine.length === 0);
        for (const one of ["high", "medium"]) {
          node.classList.toggle(`flashes-${one}`, one === kind && mine.some((alert) => alert.signal === "on"));
        }
      }
    },
  };
}

// Two buttons of which one is chosen: the order of the beds.
function layoutToggle() {
  const choose = (layout) => () => {
    show(layout);
    dispatchEvent(new CustomEvent("irm-layout", { detail: layout }));
  };
  const byBed = button(words.header.byBed, choose("bed"));
  const byAcuity = button(words.header.byAcuity, choose("acuity"));
  function show(layout) {
    byBed.setAttribute("aria-pressed", String(layout !== "acuity"));
    byAcuity.setAttribute("aria-pressed", String(layout === "acuity"));
  }
  show(remembered("layout"));
  return element("span", { class: "group", role: "group", "aria-label": words.header.layout }, byBed, byAcuity);
}

function themeButton() {
  const made = button("", () => {
    const next = THEMES[(THEMES.indexOf(remembered("theme")) + 1) % THEMES.length];
    dispatchEvent(new CustomEvent("irm-theme", { detail: next }));
    setText(made, words.header.theme[next]);
  });
  setText(made, words.header.theme[remembered("theme")] ?? words.header.theme[""]);
  return made;
}

// A part that opens under the bar, in the page and never over it. Returns {opener, node, close}.
function drawer(label, id, ...content) {
  const node = element("div", { class: "drawer", id, hidden: true }, ...content);
  const opener = button(label, () => toggle(), { "aria-expanded": "false", "aria-controls": id });
  function toggle(open = node.hidden) {
    node.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    dispatchEvent(new Event("resize"));
  }
  return {
    opener,
    node,
    toggle,
    close() {
      const was = !node.hidden;
      if (was) {
        const hadFocus = node.contains(document.activeElement);
        toggle(false);
        if (hadFocus) opener.focus();
      }
      return was;
    },
  };
}

function loginDrawer(acts) {
  const name = element("input", { name: "name", autocomplete: "username", required: true, maxlength: "64" });
  const password = element("input", { name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: "256" });
  const said = element("span", { class: "wrong", role: "note", hidden: true });
  const label = (text, field) => element("label", { class: "field" }, element("span", { class: "muted" }, text), field);
  const enter = element("button", { type: "submit", class: "button main" }, words.header.logIn);
  const leave = button(words.header.logOut, async () => {
    await acts.logout();
    made.close();
  });
  const form = element("form", { class: "row-of" }, label(words.header.name, name), label(words.header.password, password), enter, said);
  const made = drawer(words.header.nobody, "login", form, leave, element("p", { class: "muted" }, words.header.viewing));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(said, words.header.loggingIn);
    said.hidden = false;
    const wrong = await acts.login(name.value, password.value);
    password.value = "";
    setText(said, wrong);
    said.hidden = wrong === "";
    if (!wrong) made.close();
  });
  return {
    ...made,
    update() {
      const me = acts.me();
      setText(made.opener, me.name ? words.header.who(me.name, me.role) : words.header.nobody);
      form.hidden = Boolean(me.name);
      leave.hidden = !me.name;
    },
  };
}

function helpDrawer(keys) {
  const single = element("input", { type: "checkbox", id: "single-keys", change: () => keys.turn(single.checked) });
  single.checked = !keys.areOff();
  const list = words.help.keys.flatMap(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)]);
  return drawer(
    words.header.help, "help",
    element("h2", {}, words.help.title),
    element("dl", {}, list),
    element("div", { class: "row-of" }, themeButton(), element("label", { class: "row-of", for: "single-keys" }, single, words.help.single)),
  );
}

// What this screen sounds like, and the check at the start of a shift.
function toneDrawer(tones) {
  const check = button(words.tones.check, () => tones.check(), { class: "button main" });
  const yes = button(words.tones.yes, () => answer(true));
  const no = button(words.tones.no, () => answer(false));
  const asked = element("span", { class: "row-of", hidden: true }, element("span", {}, words.tones.heard), yes, no);
  const unheard = element("span", { class: "wrong", hidden: true, role: "note" }, words.tones.notHeard);
  const pause = button(words.tones.pause, () => (tones.pausedMs() ? tones.resume() : tones.pause()));
  const power = button(words.tones.off, () => tones.turn(tones.state() === "off"));
  const made = drawer("", "tones", element("div", { class: "row-of" }, check, asked, unheard, pause, power));
  function answer(heard) {
    tones.heard(heard);
    if (heard) made.close();
  }
  made.opener.classList.add("chip");
  made.opener.dataset.tones = "";
  return {
    ...made,
    update() {
      const state = tones.state();
      const left = tones.pausedMs();
      let said = left && state === "paused" ? words.tones.paused(left) : words.tones.states[state];
      if (state === "on" && tones.isCheckDue()) said = words.tones.checkDue;
      setText(made.opener, said);
      setAttribute(made.opener, "data-state", state === "on" ? null : "bad");
      asked.hidden = !tones.isAsking();
      unheard.hidden = !tones.isUnheard();
      setText(pause, left ? words.tones.resume : words.tones.pause);
      setText(power, state === "off" ? words.tones.on : words.tones.off);
    },
  };
}

function views() {
  const links = Object.entries(words.header.views).map(([name, text]) =>
    element("a", { class: "button", href: `#/${name}`, "data-view": name }, text));
  return {
    node: element("nav", { class: "row-of", "aria-label": words.app.views }, links),
    update() {
      for (const link of links) {
        const isHere = location.hash === link.getAttribute("href");
        setAttribute(link, "aria-current", isHere ? "page" : null);
        setAttribute(link, "data-here", isHere);
      }
    },
  };
}

// Whether another monitor waits, and whether the one that speaks took over lately: of a single monitor
// nothing is said.
function secondMonitor(clock) {
  const standby = element("span", { class: "chip", "data-standby": "", hidden: true });
  const tookOver = element("span", { class: "chip", "data-took-over": "", hidden: true });
  return {
    nodes: [standby, tookOver],
    update(status) {
      const isThere = status?.state === "online";
      const waits = isThere ? words.header.standby[status.standby] : undefined;
      setText(standby, waits ?? "");
      setAttribute(standby, "data-state", status?.standby === "ready" ? null : "bad");
      standby.hidden = !waits;
      const since = isThere && status.took_over_ms != null ? status.took_over_ms + clock.now() - stampMs(status.t) : null;
      tookOver.hidden = since === null || since > TOOK_OVER_SHOWN_MS;
      setText(tookOver, tookOver.hidden ? "" : words.header.tookOver(Math.max(since, 0)));
    },
  };
}

export function mount(root, { store, acts, clock, tones, keys }) {
  const title = element("h1");
  const beds = element("span", { class: "chip" });
  const counts = counters();
  const oldest = element("span", { class: "chip" });
  const live = element("span", { class: "chip", "data-live": "" });
  const blocked = element("span", { class: "chip", "data-state": "bad", hidden: true });
  const time = element("time");
  const second = secondMonitor(clock);
  const login = loginDrawer(acts);
  const help = helpDrawer(keys);
  const sound = toneDrawer(tones);
  const links = views();
  root.append(
    element(
      "div", { class: "bar" },
      title, time, beds, counts.node, oldest, element("span", { class: "push" }),
      layoutToggle(), sound.opener, blocked, ...second.nodes, live, links.node, login.opener, help.opener,
    ),
    sound.node, login.node, help.node,
  );

  function updateLife() {
    const isStale = clock.isStale();
    const silentMs = clock.silentMs();
    setText(live, !clock.isKnown() ? words.header.connecting : isStale ? words.header.stale(silentMs) : words.header.live(silentMs));
    setAttribute(live, "data-state", isStale ? "bad" : null);
    setText(time, clock.isKnown() ? timeOfDay(clock.now()) : "");
    second.update(isStale ? null : store.state.status);
  }

  function update() {
    const { state } = store;
    const alerts = [...state.alerts.values()];
    setText(title, state.hello ? words.header.station(state.hello.unit) : words.app.title);
    const byBed = alertsByBed(state);
    const open = [...state.beds].filter(([bed, entry]) => isStanding(entry, byBed.get(bed), clock.now())).map(([, entry]) => entry);
    setText(beds, words.header.beds(open.length, open.filter((bed) => FLOWING.has(bed.state.phase)).length));
    counts.update(alerts);
    const waiting = alerts.filter((alert) => isLoud(alert) && kindOf(alert) !== "info").map(raisedMs);
    setText(oldest, waiting.length ? words.header.oldest(clock.now() - Math.min(...waiting)) : words.header.noneWaiting);
    setText(blocked, words.header.screensBlocked(state.blockedScreens));
    // What this screen says of itself beside it is not said twice.
    blocked.hidden = state.blockedScreens === 0 || (state.blockedScreens === 1 && tones.state() === "blocked");
    updateLife();
    login.update();
    sound.update();
    links.update();
  }

  const drawers = [sound, login, help];
  return {
    update,
    toggleHelp: () => help.toggle(),
    // Shows the form to log in: what was asked for needs a person.
    askWho() {
      login.toggle(true);
      login.node.querySelector("input")?.focus();
    },
    closeDrawers: () => drawers.map((one) => one.close()).some(Boolean),
    unmount: () => root.replaceChildren(),
  };
}
