// The beds of the unit as tiles that fill the room there is; more beds than fit make pages.

import { get } from "./acts.js";
import { arrange, button, element, mark, remember, remembered, setAttribute, setText } from "./dom.js";
import { acuity, alertsByBed, compareNames, createHold, isLoud, isStanding, kindOf, raisedMs } from "./order.js";
import { makeTile } from "./tile.js";
import { words } from "./words.js";

const REM_WIDTH = 9.8; // the narrowest tile, at the size of text that the person has chosen
const REM_HEIGHT = 7.4;
const REM_LINE = 10.3; // the width in which a band has room for "SBP 86 < 90" and "ended"
const SIZE_MAX = 1.8; // what is left then shows the trend, and the drug in full
const MOVE_MS = 10000;
const HISTORY_AT_ONCE = 3;
const FEW = 36; // so many beds leave room for a wide chair beside them
const SPARKED = { hr: true, sbp: true, spo2: true };

// Returns {columns, rows, size, capacity}: the fewest, largest tiles that show all beds in the
// room there is, at least as large as people can read.
export function layoutOf(beds, widthPx, heightPx, remPx) {
  const most = (room, least) => Math.max(1, Math.floor((room + 4) / (least * remPx + 4)));
  const columnsMax = most(widthPx, REM_WIDTH);
  const rowsMax = most(heightPx, REM_HEIGHT);
  const capacity = columnsMax * rowsMax;
  const shown = Math.max(1, Math.min(beds, capacity));
  let best = null;
  for (let columns = 1; columns <= columnsMax; columns += 1) {
    const rows = Math.ceil(shown / columns);
    if (rows > rowsMax) continue;
    const size = Math.min(widthPx / columns / (REM_LINE * remPx), heightPx / rows / (REM_HEIGHT * remPx));
    if (!best || size > best.size) best = { columns, rows, size };
  }
  best ??= { columns: columnsMax, rows: rowsMax, size: 1 };
  return { ...best, size: Math.max(1, Math.min(SIZE_MAX, best.size)), capacity };
}

// Keeps the sparkline of every tile: the last hour once from the server, then what the stream says.
function createSparks(store, seeded) {
  const sparks = new Map();
  let make = null;
  let running = 0;
  const waiting = [];

  async function seedNext() {
    if (running >= HISTORY_AT_ONCE || waiting.length === 0) return;
    running += 1;
    const bed = waiting.shift();
    const { status, body } = await get(`/api/v1/beds/${encodeURIComponent(bed)}/history?hours=1`);
    if (status === 200 && sparks.has(bed)) {
      sparks.get(bed).seed(body);
      seeded(bed);
    }
    running -= 1;
    seedNext();
  }

  function of(bed) {
    if (!sparks.has(bed) && make) {
      sparks.set(bed, make());
      waiting.push(bed);
      seedNext();
    }
    return sparks.get(bed);
  }

  store.subscribe((change) => {
    if (change.kind === "gone") sparks.delete(change.bed);
    if (change.kind === "hello") sparks.clear();
    // A state that changed in more than numbers brings its numbers with it.
    for (const bed of change.beds ?? (change.kind === "bed" ? [change.bed] : [])) {
      const spark = sparks.get(bed);
      const channels = spark && store.state.beds.get(bed).channels;
      for (const name of spark ? Object.keys(SPARKED) : []) {
        const channel = channels.get(name);
        if (channel && channel.t !== null && channel.v !== null) spark.add(name, channel.t, channel.v);
      }
    }
    if (change.kind === "bed") sparks.get(change.bed)?.rate(store.state.now(), change.data.state.rate?.v ?? null);
  });
  // A wall without sparklines still calls, so a failure to load them is no failure of the wall.
  import("./spark.js").then((module) => (make = module.makeSpark), () => null);
  return { of };
}

function coloursOf() {
  const style = getComputedStyle(document.documentElement);
  const colours = { name: document.documentElement.dataset.theme };
  for (const name of ["hr", "spo2", "rate"]) colours[name] = style.getPropertyValue(`--${name}`).trim();
  colours.sbp = style.getPropertyValue("--bp").trim();
  return colours;
}

export function mount(root, { store, clock, tones, focus }) {
  const tiles = new Map();
  const sparks = createSparks(store, (bed) => {
    if (tiles.get(bed)?.item?.isConnected) drawSparks([bed]);
  });
  const list = element("ul", { class: "tiles", "data-tiles": "" });
  const hold = createHold(list);
  const pages = element("div", { class: "row-of pages" });
  const findBox = element("input", {
    type: "search", id: "find", size: "5", autocomplete: "off", "aria-label": words.grid.find, placeholder: words.grid.find,
  });
  const findWords = element("span", { class: "muted", role: "note" });
  const find = element("form", { class: "row-of find", hidden: true, submit: onFind }, findBox, findWords);
  const cover = element("div", { class: "cover", hidden: true });
  const coverTitle = element("strong");
  cover.append(coverTitle, element("span", {}, words.grid.coveredWhy));
  const empty = element("p", { class: "muted", hidden: true }, words.grid.empty);
  root.append(element("h2", { class: "unseen" }, words.grid.title), element("div", { class: "tools" }, pages, find), cover, empty, list);

  let isByAcuity = remembered("layout") === "acuity";
  let order = [];
  let orderedAt = -Infinity;
  let page = 0;
  let capacity = 1;
  let products = new Map();
  let colours = coloursOf();
  let size = { columns: 0, rows: 0, size: 0 };

  function open(bed) {
    location.hash = location.hash === `#/bed/${bed}` ? "#/" : `#/bed/${encodeURIComponent(bed)}`;
  }

  function onFind(event) {
    event.preventDefault();
    const asked = findBox.value.trim().toLowerCase();
    const { beds } = store.state;
    const found = order.find((bed) => bed.toLowerCase() === asked) ??
      order.find((bed) => (beds.get(bed)?.state.subject ?? "").toLowerCase().includes(asked));
    if (!asked || !found) {
      setText(findWords, words.grid.notFound(findBox.value));
      return;
    }
    setText(findWords, "");
    find.hidden = true;
    reach(found);
  }

  // Puts the focus on a bed, on whichever page it is.
  function reach(bed) {
    page = Math.floor(order.indexOf(bed) / capacity);
    draw();
    tiles.get(bed)?.node.focus();
  }

  // By bed the order is that of the names. By acuity it changes at most once in ten seconds, and
  // not while somebody points at it; a bed that is new or gone changes it at once.
  function reorder(byBed) {
    const { beds } = store.state;
    const nowMs = clock.now();
    const names = [...beds.keys()].filter((bed) => isStanding(beds.get(bed), byBed.get(bed), nowMs)).sort(compareNames);
    const isSame = names.length === order.length && names.every((bed) => order.includes(bed));
    if (!isByAcuity) {
      order = names;
      return;
    }
    const now = performance.now();
    if (isSame && (now - orderedAt < MOVE_MS || hold.isHeld())) return;
    if (!isSame && order.length && hold.isHeld()) {
      order = [...order.filter((bed) => names.includes(bed)), ...names.filter((bed) => !order.includes(bed))];
      return;
    }
    const keys = new Map(names.map((bed) => [bed, acuity(beds.get(bed), byBed.get(bed) ?? [])]));
    const calledMs = (bed) => raisedMs(byBed.get(bed)?.[0] ?? {});
    order = names.sort((one, other) => keys.get(one) - keys.get(other) || calledMs(other) - calledMs(one) || compareNames(one, other));
    orderedAt = now;
  }

  function drawPages(byBed) {
    const count = Math.max(1, Math.ceil(order.length / capacity));
    page = Math.min(page, count - 1);
    pages.hidden = count < 2;
    while (pages.children.length > count) pages.lastElementChild.remove();
    while (pages.children.length < count) {
      const index = pages.children.length;
      pages.append(button("", () => ((page = index), draw()), { "data-page": index }));
    }
    [...pages.children].forEach((one, index) => {
      const beds = order.slice(index * capacity, (index + 1) * capacity);
      const worst = beds.map((bed) => byBed.get(bed)?.[0]).filter((alert) => alert && isLoud(alert)).map(kindOf);
      const kind = ["high", "medium", "low", "technical"].find((each) => worst.includes(each)) ?? "";
      const range = words.grid.range(beds[0] ?? "", beds[beds.length - 1] ?? "");
      const label = words.grid.pageOf(index + 1, range);
      if (one.dataset.said !== `${label} ${kind}`) {
        one.dataset.said = `${label} ${kind}`;
        one.replaceChildren(...(kind ? [mark(kind)] : []), range);
        setAttribute(one, "aria-label", kind ? `${label}, ${words.header.priorities[kind]}` : label);
        one.className = kind ? `button filled-${kind} flashes-${kind}` : "button";
      }
      setAttribute(one, "aria-current", index === page ? "page" : null);
    });
    return order.slice(page * capacity, (page + 1) * capacity);
  }

  // Measured before anything of a frame is written, and only where the room may have changed.
  let isFitting = true;
  function fit() {
    if (!isFitting) return;
    isFitting = false;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const isScrolled = getComputedStyle(document.body).overflowY === "visible";
    // Where the page as a whole scrolls, a page of beds is two dozen of them, whatever the height.
    const high = isScrolled ? 24 * REM_HEIGHT * rem : list.clientHeight;
    const next = layoutOf(order.length, list.clientWidth, high, rem);
    capacity = isScrolled ? 24 : next.capacity;
    if (next.columns === size.columns && next.rows === size.rows && Math.abs(next.size - size.size) < 0.01) return;
    size = next;
    list.style.setProperty("--columns", next.columns);
    list.style.setProperty("--rows", next.rows);
    list.style.setProperty("--size", next.size.toFixed(2));
  }

  function drawCover() {
    const status = store.state.status;
    const isOffline = Boolean(store.state.hello) && (!status || status.state === "offline");
    const isCovered = clock.isStale() || isOffline;
    document.body.classList.toggle("covered", isCovered);
    cover.hidden = !isCovered;
    if (!isCovered) return;
    if (clock.isStale()) {
      setText(coverTitle, clock.isKnown() ? words.grid.covered(clock.silentMs()) : words.grid.coveredNever);
    } else setText(coverTitle, store.state.condition || words.grid.noMonitor);
  }

  function drawSparks(shown) {
    if (colours.name !== document.documentElement.dataset.theme) colours = coloursOf();
    const dpr = Math.min(2, globalThis.devicePixelRatio || 1);
    for (const bed of shown) {
      const { canvas } = tiles.get(bed);
      const width = canvas.clientWidth;
      const height = canvas.clientHeight;
      if (width > 10 && height > 8) sparks.of(bed)?.draw(canvas, clock.now(), colours, { width, height, dpr });
    }
  }

  let sparkedAt = -Infinity;
  let context = { nowMs: 0, isSilent: false, products, openBed: "" };
  function draw() {
    const { state } = store;
    const byBed = alertsByBed(state);
    const vocabulary = state.hello?.vocabulary;
    if (vocabulary && products.of !== vocabulary) {
      products = new Map((vocabulary.products ?? []).map((one) => [one.key, one.words]));
      products.of = vocabulary;
    }
    const before = order.length;
    reorder(byBed);
    isFitting ||= order.length !== before;
    setAttribute(document.body, "data-few", order.length <= FEW);
    fit();
    const shown = drawPages(byBed);
    empty.hidden = order.length > 0 || !state.hello;
    context = { nowMs: clock.now(), isSilent: tones?.isSilent() ?? false, products, openBed: openBed() };
    for (const bed of tiles.keys()) if (!state.beds.has(bed)) tiles.delete(bed);
    const items = shown.map((bed) => {
      if (!tiles.has(bed)) tiles.set(bed, { ...makeTile(bed, open), item: null });
      const tile = tiles.get(bed);
      tile.item ??= element("li", {}, tile.node);
      tile.update(state.beds.get(bed), byBed.get(bed) ?? [], context);
      return tile.item;
    });
    arrange(list, items);
    focus?.rove(list, ".tile");
    drawCover();
    if (performance.now() - sparkedAt > 1000) {
      sparkedAt = performance.now();
      drawSparks(shown);
    }
  }

  addEventListener("irm-layout", (event) => {
    isByAcuity = event.detail === "acuity";
    remember("layout", isByAcuity ? "acuity" : "bed");
    orderedAt = -Infinity;
    draw();
  });
  addEventListener("resize", () => {
    isFitting = true;
    draw();
  });
  const watched = new ResizeObserver(() => {
    isFitting = true;
    requestAnimationFrame(draw);
  });
  watched.observe(list);

  return {
    update: draw,
    // Shows what is new at some beds; false where that needs a whole drawing: a bed without a tile.
    renew(beds) {
      const byBed = alertsByBed(store.state);
      const now = { ...context, nowMs: clock.now() };
      for (const bed of beds) {
        const entry = store.state.beds.get(bed);
        if (!entry || !tiles.has(bed)) {
          if (entry && !order.includes(bed) && isStanding(entry, byBed.get(bed), now.nowMs)) return false;
        } else if (tiles.get(bed).item.isConnected) tiles.get(bed).update(entry, byBed.get(bed) ?? [], now);
      }
      return true;
    },
    turn(by) {
      const count = Math.max(1, Math.ceil(order.length / capacity));
      page = (page + by + count) % count;
      draw();
      list.querySelector(".tile")?.focus();
    },
    askForBed() {
      find.hidden = false;
      findBox.value = "";
      setText(findWords, "");
      findBox.focus();
    },
    stopAsking() {
      const was = !find.hidden;
      find.hidden = true;
      return was;
    },
    unmount() {
      watched.disconnect();
      root.replaceChildren();
    },
  };
}

// Returns the bed whose chair is open, "" if none is.
export function openBed() {
  const [, name, bed = ""] = location.hash.split("/");
  return name === "bed" ? decodeURIComponent(bed) : "";
}
