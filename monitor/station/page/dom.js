// Makes elements from text, never from markup: whatever comes over the wire is shown, not run.

const SVG = "http://www.w3.org/2000/svg";

// Returns an element. Attributes whose value is a function become listeners ("click": fn), true and
// false set and leave out, null is left out. Children are elements, text, or null for nothing.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, String(value));
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

// Sets the text of a node, and touches the page only where it differs.
export function setText(node, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  const first = node.firstChild;
  // A text that is alone is changed in place, which costs less than a new one.
  if (first?.nodeType === Node.TEXT_NODE && !first.nextSibling && wanted) {
    if (first.data !== wanted) first.data = wanted;
  } else if (node.textContent !== wanted) node.textContent = wanted;
}

// Sets or removes an attribute, and touches the page only where it differs.
export function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else {
    const wanted = value === true ? "" : String(value);
    if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
  }
}

// Puts children into an order with as few moves as possible; what is not listed is removed.
// A node that has the focus keeps it.
export function arrange(parent, nodes) {
  const kept = new Set(nodes);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  const focused = document.activeElement;
  let place = parent.firstElementChild;
  for (const node of nodes) {
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  if (focused && focused !== document.activeElement && parent.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const SHAPES = {
  triangle: "M5 1 9.6 9H.4z",
  gear:
    "M4 0h2v1.5l1 .5 1.1-1.1 1.4 1.400L8.4 3.400l.5 1H10v2H8.900l-.5 1L9.5 8.5 8.1 9.9 7 8.800l-1 .5V10H4v-.7l-1-.5-1.1 1.100L.5 8.500l1.1-1.1-.5-1H0v-2h1.100l.5-1L.5 2.3 1.9.9 3 2l1-.5zM5 3.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  check: "M1 5.2 2.3 4 4.2 6 8 1.7 9.2 3 4.2 8.5z",
  info: "M4 4h2v5H4zM4 1h2v2H4z",
};

const MARKS = {
  high: ["triangle", "triangle", "triangle"],
  medium: ["triangle", "triangle"],
  low: ["triangle"],
  technical: ["gear"],
  acknowledged: ["check"],
  info: ["info"],
};

// Returns the sign of a priority, drawn, so that no font can lack it: one to three triangles, a
// gear for what is technical, a check for what somebody has. It is decoration beside words.
export function mark(kind) {
  const shapes = MARKS[kind] ?? MARKS.info;
  const root = drawn("svg", {
    viewBox: `0 0 ${shapes.length * 11 - 1} 10`,
    class: "mark",
    "aria-hidden": "true",
    focusable: "false",
  });
  root.dataset.kind = kind;
  shapes.forEach((shape, index) => {
    root.append(drawn("path", { d: SHAPES[shape], transform: `translate(${index * 11} 0)`, "fill-rule": "evenodd" }));
  });
  return root;
}

// Returns a button of ours; it never submits a form.
export function button(words, onPress, attributes = {}) {
  return element("button", { type: "button", class: "button", click: onPress, ...attributes }, words);
}

// Remembers a choice of this screen. A browser that forbids that only forgets it.
export function remembered(name) {
  try {
    return localStorage.getItem(`irm.${name}`) ?? "";
  } catch {
    return "";
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`irm.${name}`, value);
  } catch {
    // The choice holds until the page is loaded again.
  }
}
