/* How do numbers become pictures? Images and heat maps on canvas, a pad to draw on, the cell as a drawing. */

const PAPER = [255, 255, 255];
const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
const mixed = (a, b, share) => a.map((v, k) => v + (b[k] - v) * share);
const node = (name, attributes = {}, ...inside) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
};

/* Paint rows * columns numbers, one pixel each; `colour` turns a number into [red, green, blue]. */
function paint(canvas, values, columns, colour) {
  const rows = values.length / columns;
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d"), picture = context.createImageData(columns, rows);
  values.forEach((value, k) => picture.data.set([...(Number.isFinite(value) ? colour(value) : [255, 0, 255]), 255], 4 * k));
  context.putImageData(picture, 0, 0);
}

const inkOnPaper = (value) => mixed(PAPER, [0, 0, 0], Math.min(1, Math.max(0, value)));
const light = (value) => mixed([0, 0, 0], PAPER, Math.min(1, Math.max(0, value)));
function scaleOf({ low, high, colour }) {
  const [below, above, full] = [...SETUP.signed, colour ?? "#000000"].map(rgb);
  if (low === 0) return (value) => mixed(PAPER, full, Math.min(1, Math.max(0, value / high)));
  return (value) => mixed(PAPER, value < 0 ? below : above, Math.min(1, Math.abs(value) / high));
}

/* A field of 28 by 28 on which a pen, a finger, a mouse or the arrow keys leave ink. */
class Pad {
  constructor(canvas, changed) {
    Object.assign(this, { canvas, changed, cursor: [14, 14], last: null, image: null });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = null;
      this.stroke(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && this.stroke(event));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  stroke(event) {
    const box = this.canvas.getBoundingClientRect();
    const here = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((v) => v * 28);
    const from = this.last ?? here, steps = Math.ceil(2 * Math.hypot(here[0] - from[0], here[1] - from[1])) || 1;
    for (let k = 1; k <= steps; k++) this.blot(...from.map((v, axis) => v + ((here[axis] - v) * k) / steps));
    this.last = here;
    this.changed(this.image);
  }

  blot(x, y, ink = 1) {
    for (let row = Math.max(0, Math.floor(y - 2)); row < Math.min(28, y + 2); row++)
      for (let column = Math.max(0, Math.floor(x - 2)); column < Math.min(28, x + 2); column++) {
        const near = Math.max(0, Math.min(1, 1.7 - Math.hypot(column + 0.5 - x, row + 0.5 - y)));
        const old = this.image[row * 28 + column];
        this.image[row * 28 + column] = ink ? Math.max(old, near) : Math.min(old, 1 - near);
      }
  }

  key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) this.cursor = this.cursor.map((v, axis) => Math.min(27, Math.max(0, v + move[axis])));
    const writes = event.key === " " || (move && event.shiftKey), wipes = event.key === "Delete" || event.key === "Backspace";
    if (!move && !writes && !wipes) return;
    event.preventDefault();
    if (writes || wipes) this.blot(this.cursor[0] + 0.5, this.cursor[1] + 0.5, wipes ? 0 : 1);
    this.changed(this.image, `column ${this.cursor[0] + 1}, row ${this.cursor[1] + 1}${writes ? ", ink" : wipes ? ", wiped" : ""}`);
  }
}

/* One step of the LSTM as a drawing; each gate fills up as far as it is open. */
const CELL_DRAWING = (() => {
  const line = (d, name) => `<path class="wire wire-${name}" d="${d}"/>`;
  const arrow = (d, name) => `<path class="wire wire-${name}" d="${d}" marker-end="url(#ARROW)"/>`;
  const box = (x, name, symbol, inside) =>
    `<g class="gate gate-${name}"><rect class="back" x="${x - 27}" y="140" width="54" height="46" rx="6"/>
     <rect class="fill" x="${x - 27}" y="140" width="54" height="46" rx="6"/>
     <text x="${x}" y="159">${symbol}</text><text class="small" x="${x}" y="177">${inside}</text>
     <text class="value" x="${x}" y="204"></text></g>`;
  const circle = (x, y, sign) => `<circle class="node" cx="${x}" cy="${y}" r="12"/><text x="${x}" y="${y + 5}">${sign}</text>`;
  return `<svg class="cell-drawing" viewBox="-50 16 580 230" role="img" aria-label="One step of the cell">
    <defs><marker id="ARROW" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path class="head" d="M0 0 8 4 0 8Z"/></marker></defs>
    ${arrow("M40 42H490", "c")}${line("M40 230H350", "h")}
    ${[110, 190, 270, 350].map((x) => line(`M${x} 230V186`, "h")).join("")}
    ${arrow("M110 140V56", "f")}${arrow("M190 140V104H216", "i")}${arrow("M270 140V104H244", "g")}${arrow("M230 92V56", "g")}
    ${arrow("M350 140V104H400", "o")}${arrow("M414 42V90", "c")}${arrow("M414 116V230H490", "h")}
    ${box(110, "f", "f", "σ")}${box(190, "i", "i", "σ")}${box(270, "g", "g", "tanh")}${box(350, "o", "o", "σ")}
    ${circle(110, 42, "×")}${circle(230, 42, "+")}${circle(230, 104, "×")}${circle(414, 104, "×")}
    <text class="small" x="436" y="76">tanh</text>
    <text class="end" x="34" y="46">c before</text><text class="start" x="496" y="46">c</text>
    <text class="end" x="34" y="226">x, h before</text><text class="start" x="496" y="234">h</text></svg>`;
})();

function lightUp(svg, means, held) {
  for (const [name, value] of Object.entries(means)) {
    const gate = svg.querySelector(`.gate-${name}`);
    if (!gate) continue;
    const { low, high } = SETUP.quantities[name], share = Math.min(1, Math.max(0, (value - low) / (high - low)));
    const fill = gate.querySelector(".fill");
    fill.setAttribute("y", 140 + 46 * (1 - share));
    fill.setAttribute("height", 46 * share);
    gate.querySelector(".value").textContent = Number.isFinite(value) ? value.toFixed(2) : "";
    gate.classList.toggle("held", name in held);
    const wire = svg.querySelector(`.wire-${name}`);
    wire?.style.setProperty("stroke-width", 1.2 + 3 * share);
  }
}
