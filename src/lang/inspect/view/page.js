"use strict";
// Boxes that open. Each frame comes arranged with all its boxes folded; here only room is made for those that are open.
const data = JSON.parse(document.getElementById("data").textContent);
const INSET = 16, HEADING = 50;
const byId = id => document.getElementById(id);
const canvas = byId("canvas"), view = byId("view"), about = byId("about"), found = byId("found");
const grouped = n => n.toLocaleString("en-US");
const isOpen = node => node.open && node.inside;
let current = null, chosen = null, pan = { x: 0, y: 0, scale: 1 };

// Every node knows its frame, the node around it and its path, such as 3.0.12.
const all = [];
function enter(frame, fn, parent, path) {
  frame.nodes.forEach((node, i) => {
    Object.assign(node, { parent, fn, number: i, frame, path: [...path, i].join(".") });
    if (node.kind !== "input" && node.kind !== "output") all.push(node);
    if (node.inside) enter(node.inside, fn, node, [...path, i]);
  });
}
data.functions.forEach(fn => enter(fn.root, fn, null, []));

// --- places ---
function sized(node) {
  if (!isOpen(node)) return [node.w, node.h];
  arrange(node.inside);
  return [Math.max(node.inside.W + 2 * INSET, node.w), node.inside.H + HEADING + INSET];
}
function arrange(frame) {
  const x = frame.X = [], size = frame.size = [];
  let down = 0, left = Infinity, right = -Infinity;
  for (const layer of frame.layers) {
    const grown = layer.spots.map(spot => {
      const node = frame.nodes[spot];
      size[spot] = node ? sized(node) : [0, 0];
      return node ? size[spot][0] - node.w : 0;
    });
    let before = -grown.reduce((a, b) => a + b, 0) / 2;
    layer.spots.forEach((spot, i) => {
      x[spot] = frame.spots[spot] + before + grown[i] / 2;
      before += grown[i];
      left = Math.min(left, x[spot] - size[spot][0] / 2);
      right = Math.max(right, x[spot] + size[spot][0] / 2);
    });
    layer.Y = layer.y + down;
    layer.H = Math.max(layer.h, ...layer.spots.map(spot => size[spot][1]));
    down += layer.H - layer.h;
  }
  for (const spot in x) x[spot] -= left;
  frame.W = right > left ? right - left : 0;
  const last = frame.layers[frame.layers.length - 1];
  frame.H = last ? last.Y + last.H : 0;
}
// Where a line meets the edge of a spot: inside of an open box it goes on from there.
function meets(frame, [spot, port], kind) {
  const node = frame.nodes[spot];
  if (!node) return frame.X[spot];
  if (isOpen(node)) {
    const inner = node.inside, i = inner.nodes.findIndex(n => n.kind === kind && n.port === port);
    if (i >= 0) return frame.X[spot] - inner.W / 2 + inner.X[i];
  }
  const count = kind === "input" ? node.inputs : node.outputs;
  return frame.X[spot] + (count < 2 ? 0 : node.w * ((port + 1) / (count + 1) - 0.5));
}

// --- drawing ---
function make(name, attributes, parent, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.appendChild(element);
  return element;
}
function draw(frame, left, top, into) {
  const layerOf = {};
  frame.layers.forEach(layer => layer.spots.forEach(spot => { layerOf[spot] = layer; }));
  const edge = (spot, below) => {
    const layer = layerOf[spot], room = frame.nodes[spot] ? (layer.H - frame.size[spot][1]) / 2 : 0;
    return below ? (frame.nodes[spot] ? layer.Y + layer.H - room : layer.Y) : layer.Y + room;
  };
  const values = frame.shapes.map((shape, i) => {
    const group = make("g", { class: "value" }, into);
    group.about = { frame, wire: i, shape };
    return group;
  });
  for (const [wire, from, to] of frame.links) {
    const x0 = left + meets(frame, from, "output"), x1 = left + meets(frame, to, "input");
    const y0 = top + edge(from[0], true), y3 = top + edge(to[0], false);
    const layer = layerOf[from[0]], y1 = top + layer.Y + layer.H + layer.bend, y2 = top + layerOf[to[0]].Y, middle = (y1 + y2) / 2;
    const d = `M${x0} ${y0}V${y1}C${x0} ${middle} ${x1} ${middle} ${x1} ${y2}V${y3}`;
    make("path", { class: "near", d }, values[wire]);
    make("path", { class: "wire", d }, values[wire]);
    if (frame.nodes[from[0]] && !values[wire].labelled) {
      values[wire].labelled = [x0, y0, layer.stands];
    }
  }
  for (const layer of frame.layers) for (const spot of layer.spots) {
    const node = frame.nodes[spot];
    if (node) box(node, left + frame.X[spot] - frame.size[spot][0] / 2, top + edge(spot, false), frame.size[spot], into);
  }
  values.forEach((group, i) => {
    if (!group.labelled) return;
    const [x, y, stands] = group.labelled;
    const turn = stands ? "rotate(90) translate(7 -3)" : "translate(4 13)";
    make("text", { class: "shape", transform: `translate(${x} ${y}) ${turn}` }, group, frame.shapes[i]);
  });
}
function box(node, x, y, [w, h], into) {
  const opens = Boolean(node.inside), open = isOpen(node), tall = opens && node.detail;
  const group = make("g", { class: `node ${node.class}${open ? " open" : ""}${node === chosen ? " chosen" : ""}`, "data-path": node.path }, into);
  group.about = node;
  node.at = [x, y, w, h];
  if (opens) {
    group.setAttribute("tabindex", 0);
    group.setAttribute("role", "button");
    group.setAttribute("aria-expanded", open ? "true" : "false");
  }
  make("rect", { x, y, width: w, height: h, rx: node.kind === "operation" ? 5 : Math.min(8, h / 2) }, group);
  const line = tall ? 19 : open ? 22 : h / 2 + 4;
  make("text", { class: "title", x: x + w / 2, y: y + line }, group, node.heading || node.title);
  if (tall) make("text", { class: "detail", x: x + w / 2, y: y + 35 }, group, node.detail);
  if (opens) make("text", { class: "detail", x: x + 13, y: y + line }, group, open ? "▾" : "▸");
  if (open) draw(node.inside, x + (w - node.inside.W) / 2, y + HEADING, group);
}
function show() {
  view.replaceChildren();
  arrange(current.root);
  draw(current.root, 0, 0, view);
  move();
}
function move() {
  view.setAttribute("transform", `translate(${pan.x} ${pan.y}) scale(${pan.scale})`);
}
function fit() {
  const { width, height } = canvas.getBoundingClientRect(), { W, H } = current.root;
  const whole = Math.min((width - 40) / W, (height - 40) / H, 1.15);
  // A long graph is shown from its top, as large as its width allows.
  pan.scale = Math.max(whole, Math.min((width - 40) / W, 0.75), 0.05);
  pan.x = (width - W * pan.scale) / 2;
  pan.y = Math.max(20, (height - H * pan.scale) / 2);
  if (H * pan.scale > height - 40) pan.y = 20;
  move();
}

// --- what opens and folds ---
// The heading of the box stays under the pointer.
function toggle(node, open) {
  const before = node.at && [node.at[0] + node.at[2] / 2, node.at[1]];
  node.open = open === undefined ? !node.open : open;
  show();
  if (before && node.at) {
    pan.x += (before[0] - node.at[0] - node.at[2] / 2) * pan.scale;
    pan.y += (before[1] - node.at[1]) * pan.scale;
    move();
  }
}
const own = () => all.filter(node => node.fn === current && node.inside);
function openLevel() {
  const seen = own().filter(node => !node.open && (!node.parent || node.parent.open));
  seen.forEach(node => { node.open = true; });
  show(); fit();
}
function foldAll() {
  own().forEach(node => { node.open = false; });
  show(); fit();
}
function choose(fn) {
  current = fn; chosen = null;
  byId("function").value = data.functions.indexOf(fn);
  show(); fit(); tellFunction();
}
function reveal(node) {
  if (current !== node.fn) choose(node.fn);
  for (let around = node.parent; around; around = around.parent) around.open = true;
  chosen = node;
  show();
  const { width, height } = canvas.getBoundingClientRect(), [x, y, w, h] = node.at;
  pan.scale = Math.max(pan.scale, 0.9);
  pan.x = width / 2 - (x + w / 2) * pan.scale;
  pan.y = height / 2 - (y + Math.min(h, height) / 2) * pan.scale;
  move(); tell(node);
}

// --- what is told ---
function element(name, parent, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  parent.appendChild(made);
  return made;
}
function rows(list) {
  const table = element("dl", about);
  for (const [name, value] of list) if (value) { element("dt", table, name); element("dd", table, value); }
}
function source(place) {
  if (!place) return;
  const [name, text] = data.sources[place[0]], lines = text.split("\n"), pre = document.createElement("pre");
  element("p", about, `${name}:${place[1]}`);
  for (let i = Math.max(0, place[1] - 4); i < Math.min(lines.length, place[1] + 3); i++) {
    element("span", pre, `${String(i + 1).padStart(4)}  ${lines[i]}`, i + 1 === place[1] ? "here" : "");
  }
  about.appendChild(pre);
}
const way = node => { const names = []; for (let n = node.parent; n; n = n.parent) names.unshift(n.title); return [node.fn.name, ...names].join(" › "); };
function shapesOf(node) {
  const { links, shapes } = node.frame, goes = (end, side) => links.filter(link => link[side][0] === node.number && link[side][1] === end);
  const list = (count, side) => Array.from({ length: count }, (_, i) => goes(i, side)[0]).filter(Boolean).map(link => shapes[link[0]]).join(", ");
  return [["in", list(node.inputs, 2)], ["out", list(node.outputs, 1)]];
}
function tell(node) {
  about.replaceChildren();
  element("h2", about, node.title || (node.kind === "input" ? "input" : "output"));
  element("p", about, [node.block, way(node)].filter(Boolean).join(" in "));
  if (node.parameters) {
    const bar = element("div", about, undefined, "bar");
    element("b", bar).style.width = `${100 * node.trained / node.parameters}%`;
  }
  rows([
    ...shapesOf(node),
    ["parameters", node.parameters && grouped(node.parameters)],
    ["trained", node.parameters && (node.trained === node.parameters ? "all" : grouped(node.trained))],
    ["multiply-adds", node.multiply_adds ? `${grouped(node.multiply_adds)} for one image` : node.multiply_adds === null && "open: an extent is not known"],
  ]);
  source(node.place);
  for (const weight of node.weights || []) {
    const line = element("div", about);
    element("code", line, weight.path);
    element("span", line, ` [${weight.shape.join(", ")}] ${weight.trained ? "trained" : "frozen"}`);
  }
}
function tellValue({ frame, wire, shape }) {
  about.replaceChildren();
  element("h2", about, shape);
  const name = spot => frame.nodes[spot].title || (frame.nodes[spot].kind === "input" ? "from outside" : "to outside");
  const ends = frame.links.filter(link => link[0] === wire);
  const from = ends.map(link => link[1][0]).find(spot => frame.nodes[spot]);
  rows([["from", name(from)], ["to", ends.map(link => link[2][0]).filter(spot => frame.nodes[spot]).map(name).join(", ")]]);
  source(frame.nodes[from].place);
}
function tellFunction() {
  about.replaceChildren();
  const nodes = current.root.nodes, sum = nodes.map(n => n.multiply_adds).reduce((a, b) => a === null || b === null ? null : a + b, 0);
  element("h2", about, current.name);
  element("p", about, `${current.objective ? "An objective" : "A function"} of ${data.model}`);
  rows([["operations", grouped(current.operations)], ["multiply-adds", sum === null ? "open" : `${grouped(sum)} for one image`]]);
  element("p", about, "Click a box to open or fold it, drag to move, turn the wheel to zoom. Point at a box or a line to see what it is.");
}

// --- search ---
const haystack = node => node.text || (node.text = [node.title, node.block, ...(node.weights || []).map(w => w.path)].join("\n").toLowerCase());
function search() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = words.length ? all.filter(node => words.every(word => haystack(node).includes(word) || way(node).toLowerCase().includes(word))) : [];
  // What bears the words itself comes before what is only within it, and this function before others.
  const rank = node => (words.every(word => haystack(node).includes(word)) ? 0 : 2) + (node.fn === current ? 0 : 1);
  fits.sort((a, b) => rank(a) - rank(b));
  found.replaceChildren();
  found.hidden = !words.length;
  fits.slice(0, 80).forEach((node, i) => {
    const more = node.block ? ` : ${node.block}` : node.weights ? ` · ${node.weights[0].path}` : "";
    const line = element("li", found, node.title + more, i ? "" : "first");
    element("small", line, way(node));
    line.node = node;
  });
  if (words.length && !fits.length) element("li", found, "nothing of that name");
}
byId("search").addEventListener("input", search);
byId("search").addEventListener("keydown", event => {
  if (event.key === "Enter" && found.firstChild && found.firstChild.node) { found.hidden = true; reveal(found.firstChild.node); }
  if (event.key === "Escape") { event.target.value = ""; search(); event.target.blur(); }
});
found.addEventListener("click", event => {
  const line = event.target.closest("li");
  if (line && line.node) { found.hidden = true; reveal(line.node); }
});

// --- pointer and keys ---
let drag = null;
canvas.addEventListener("pointerdown", event => { drag = { x: event.clientX, y: event.clientY, moved: false }; found.hidden = true; });
window.addEventListener("pointermove", event => {
  if (!drag) return;
  const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
  if (!drag.moved && Math.hypot(dx, dy) < 4) return;
  Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
  canvas.classList.add("drags");
  pan.x += dx; pan.y += dy; move();
});
window.addEventListener("pointerup", () => { canvas.classList.remove("drags"); setTimeout(() => { drag = null; }); });
canvas.addEventListener("wheel", event => {
  event.preventDefault();
  const { left, top } = canvas.getBoundingClientRect(), x = event.clientX - left, y = event.clientY - top;
  const scale = Math.min(3, Math.max(0.03, pan.scale * Math.exp(-event.deltaY * 0.0014)));
  pan.x = x - (x - pan.x) * scale / pan.scale;
  pan.y = y - (y - pan.y) * scale / pan.scale;
  pan.scale = scale; move();
}, { passive: false });
const nodeAt = event => { const group = event.target.closest(".node"); return group && group.about; };
canvas.addEventListener("click", event => {
  if (drag && drag.moved) return;
  const node = nodeAt(event);
  if (!node) { chosen = null; show(); tellFunction(); return; }
  chosen = node;
  if (node.inside) toggle(node); else show();
  tell(node);
});
canvas.addEventListener("pointerover", event => {
  if (drag) return;
  const value = event.target.closest(".value"), node = nodeAt(event);
  if (value) tellValue(value.about); else if (node) tell(node); else if (chosen) tell(chosen);
});
document.addEventListener("keydown", event => {
  if (event.target.matches("input, select")) return;
  const node = event.target.matches(".node") && event.target.about;
  if (node && (event.key === "Enter" || event.key === " ")) {
    toggle(node); tell(node); event.preventDefault();
    const again = view.querySelector(`[data-path="${node.path}"]`);
    if (again) again.focus();
  }
  const keys = { "/": () => { byId("search").focus(); event.preventDefault(); }, "0": fit, "+": openLevel, "-": foldAll };
  if (keys[event.key]) keys[event.key]();
});
byId("open").addEventListener("click", openLevel);
byId("fold").addEventListener("click", foldAll);
byId("fit").addEventListener("click", fit);
data.functions.forEach((fn, i) => { element("option", byId("function"), `${fn.name} · ${grouped(fn.operations)} operations`).value = i; });
byId("function").addEventListener("change", event => choose(data.functions[event.target.value]));
choose(data.functions.find(fn => fn.name === decodeURIComponent(location.hash.slice(1))) || data.functions.find(fn => fn.name === "score") || data.functions[0]);
