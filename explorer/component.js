/* The explorer: what the reader has chosen, what follows from it, and the controls that change it.

   All that can be chosen is one flat record, `chosen`; a link keeps it. `compute` reads the image when the record has
   changed, `show` draws one row of what was read. */

const ROWS = 28, COLUMNS = 28;
const NAMES = ["f", "i", "g", "o", "c", "h"];
const HOLDABLE = ["f", "i", "g", "o"];
const FOLDER = new URL(".", document.currentScript.src).href;
const PREFIX = "#explorer:";
const loading = new Map(), loaded = new Map();

/* The weights of a network come as a script of their own when they are first needed; this works from a file, too. */
function load(name) {
  if (!loading.has(name))
    loading.set(name, new Promise((resolve, reject) => {
      window.LSTMExplorer.arrive = (key, entry) => loaded.set(key, decoded(entry));
      const script = node("script", { src: `${FOLDER}${name}.js` });
      script.onload = () => resolve(loaded.get(name));
      script.onerror = () => reject(new Error(`the file ${name}.js is missing beside explorer.js; build the book again`));
      document.head.append(script);
    }));
  return loading.get(name);
}

const EXAMPLES = SETUP.examples.map((example) => ({ ...example, pixels: Float64Array.from(bytes(example.pixels), (v) => v / 255) }));
const START = { network: "digits_standard", image: EXAMPLES[0].name, row: ROWS, from: 1, order: 0, blank: "", eq: "", f: "", i: "", g: "", o: "" };

/* A record from a link: whatever is not understood is left at its start. */
function fromLink(hash) {
  const wanted = new URLSearchParams(hash.slice(PREFIX.length)), record = { ...START };
  const number = (key, low, high) => {
    const value = Number(wanted.get(key) ?? NaN);
    if (Number.isInteger(value) && value >= low && value <= high) record[key] = value;
  };
  const among = (key, values) => values.includes(wanted.get(key)) && (record[key] = wanted.get(key));
  among("network", Object.keys(SETUP.networks));
  among("image", EXAMPLES.map((example) => example.name));
  number("row", 1, ROWS);
  number("from", 1, ROWS);
  number("order", 0, 99);
  const band = /^(\d{1,2})-(\d{1,2})$/.exec(wanted.get("blank") ?? "");
  if (band && +band[1] >= 1 && +band[1] <= +band[2] && +band[2] <= ROWS) record.blank = band[0];
  for (const name of HOLDABLE) among(name, ["0", "1"]);
  if ((wanted.get("eq") ?? "").length <= LIMITS.characters) record.eq = wanted.get("eq") ?? "";
  return record;
}

const likeliest = (answers) => Math.max(0, answers.indexOf(Math.max(...answers)));
const short = (value) => (Number.isFinite(value) ? value.toFixed(2) : "—");

function toLink(chosen) {
  const wanted = new URLSearchParams();
  for (const [key, value] of Object.entries(chosen)) if (value !== START[key] && value !== "drawing") wanted.set(key, value);
  return PREFIX + wanted;
}

class Explorer {
  constructor(place, number) {
    this.place = place;
    this.whole = place.dataset.parts !== "cell";
    this.id = (name) => `explorer-${number}-${name}`;
    this.chosen = { ...START, ...(place.dataset.network && { network: place.dataset.network }) };
    this.drawn = new Float64Array(ROWS * COLUMNS);
    place.innerHTML = this.markup();
    this.find = (selector) => place.querySelector(selector);
    this.all = (selector) => [...place.querySelectorAll(selector)];
    this.wire();
    document.querySelector(".explorer-still")?.setAttribute("hidden", "");
    if (this.whole) window.addEventListener("hashchange", () => this.follow());
    new IntersectionObserver((seen, observer) => {  // the weights are fetched when the place is about to be seen
      if (!seen.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      if (!this.whole || !this.follow()) this.choose({});
    }, { rootMargin: "600px" }).observe(place);
  }

  /* ---------- what is on the page ---------- */

  markup() {
    const { id, whole } = this;
    const options = (pairs) => pairs.map(([value, text]) => `<option value="${value}">${text}</option>`).join("");
    const field = (key, label, control) => `<span class="pair"><label for="${id(key)}">${label}</label>${control(`id="${id(key)}" data-key="${key}"`)}</span>`;
    const select = (pairs) => (attributes) => `<select ${attributes}>${options(pairs)}</select>`;
    const named = (name) => `<b class="ink-${name}">${name}</b> ${SETUP.quantities[name].title}`;
    const map = (name, caption) => `<div class="map ${name}"><div class="caption">${caption}</div><div class="frame"><canvas role="img" data-map="${name}" aria-label="${name}"></canvas><div class="veil"></div></div></div>`;
    const networks = Object.entries(SETUP.networks).map(([name, network]) => [name, network.title]);
    const images = [...EXAMPLES.map((example) => [example.name, example.title]), ...(whole ? [["drawing", "my own drawing"]] : [])];
    const pad = `<canvas class="pad" hidden role="application" tabindex="0" aria-label="Field to draw on, 28 by 28. Arrow keys move, Space leaves ink, Shift and an arrow draws, Delete wipes." aria-describedby="${id("status")}"></canvas><div class="guide" hidden></div>`;
    return `
    <div class="line">${field("network", "Network", select(networks))}${field("image", "Image", select(images))}</div>
    <div class="stage">
      <div class="map image"><div class="caption">${whole ? "what is read" : "image"}</div>
        <div class="frame"><canvas class="read" role="img" aria-label="the image as it is read"></canvas>${whole ? pad : ""}<div class="veil"></div></div></div>
      ${whole ? map("importance", "speaks for") + NAMES.map((name) => map(name, named(name))).join("") : CELL_DRAWING.replaceAll("ARROW", id("arrow"))}
    </div>
    <div class="below">
      <div class="bars" role="img" aria-label="the answer"></div>
      <div class="controls">
        <div class="line">
          <button type="button" data-do="play">play</button>
          <button type="button" data-do="back" aria-label="one row back">−1</button>
          <button type="button" data-do="on" aria-label="one row on">+1</button>
          <span class="pair grow"><label for="${id("row")}">rows read</label><input id="${id("row")}" data-key="row" type="range" min="1" max="${ROWS}"><span class="count" aria-hidden="true"></span></span>
          ${whole ? `<button type="button" data-do="draw">draw a digit</button><button type="button" data-do="wipe" hidden>wipe the field</button>` : ""}
        </div>
        <fieldset class="line"><legend>Hold a gate</legend>
          ${HOLDABLE.map((name) => field(name, named(name), select([["", "free"], ["0", "at 0"], ["1", "at 1"]]))).join("")}
          ${field("from", "from row", (attributes) => `<input ${attributes} type="number" min="1" max="${ROWS}">`)}</fieldset>
        ${whole ? `<fieldset class="line"><legend>Change the rows</legend>
          <button type="button" data-do="shuffle">shuffle</button><button type="button" data-do="sort">in order</button>
          ${field("blank", "blank, such as 10-14", (attributes) => `<input ${attributes} type="text" size="5" inputmode="numeric">`)}</fieldset>` : ""}
      </div>
    </div>
    <p class="status" id="${id("status")}" role="status"></p>
    ${whole ? `<div class="equations"><label for="${id("eq")}">The cell, line by line. Change it.</label>
      <textarea id="${id("eq")}" spellcheck="false" autocapitalize="off" autocomplete="off" rows="7" aria-describedby="${id("fault")}"></textarea>
      <p class="fixed"><code>p = softmax(h @ W + b)</code> after each row: the answer, from the hidden state.</p>
      <pre class="fault" id="${id("fault")}" role="alert" hidden></pre>
      <p class="banner" role="status" hidden></p>
      <div class="line"><button type="button" data-do="restore">the network's own equations</button><a class="keep" href="${PREFIX}">a link to all that you see</a></div></div>` : ""}`;
  }

  wire() {
    for (const control of this.all("[data-key]")) {
      const key = control.dataset.key, event = control.type === "range" ? "input" : "change";
      control.addEventListener(event, () => this.take(key, control));
    }
    for (const button of this.all("[data-do]")) button.addEventListener("click", () => this[button.dataset.do]());
    if (!this.whole) return;
    this.pad = new Pad(this.find(".pad"), (_, said) => this.choose({ image: "drawing" }, said));
    this.pad.image = this.drawn;
    this.find("textarea").addEventListener("input", (event) => this.choose({ eq: event.target.value }));
  }

  /* ---------- what the reader does ---------- */

  take(key, control) {
    let value = control.value;
    if (key === "row" || key === "from") value = Math.min(ROWS, Math.max(1, Math.round(+value) || 1));
    if (key === "blank" && value && fromLink(`${PREFIX}blank=${value}`).blank !== value) return this.say(`Two rows from 1 to ${ROWS} were expected, such as 10-14.`);
    if (key === "row") this.stop();
    const change = { [key]: value };
    if (key === "image" && value !== "drawing") {  // a chest is for the network of chests, until another is chosen
      const { networks } = SETUP, { kind } = EXAMPLES.find((example) => example.name === value);
      const fits = (name) => kind === "phantom" || networks[name].reads === kind;
      if (!fits(this.chosen.network)) change.network = Object.keys(networks).find(fits);
    }
    if (key === "network" && this.chosen.eq) change.eq = "";
    this.choose(change);
  }

  follow() {
    if (!location.hash.startsWith(PREFIX)) return false;
    this.choose(fromLink(location.hash));
    if (this.place.getBoundingClientRect().top > innerHeight || this.place.getBoundingClientRect().bottom < 0) this.place.scrollIntoView();
    return true;
  }

  play() {
    if (this.timer) return this.stop();
    if (this.chosen.row === ROWS) this.choose({ row: 1 });
    this.find("[data-do=play]").textContent = "pause";
    this.timer = setInterval(() => (this.chosen.row < ROWS ? this.choose({ row: this.chosen.row + 1 }) : this.stop()), 180);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.find("[data-do=play]").textContent = "play";
    this.say();
  }

  back() { this.stop(); this.choose({ row: Math.max(1, this.chosen.row - 1) }); }
  on() { this.stop(); this.choose({ row: Math.min(ROWS, this.chosen.row + 1) }); }
  shuffle() { this.choose({ order: (this.chosen.order % 99) + 1 }); }
  sort() { this.choose({ order: 0 }); }
  restore() { this.choose({ eq: "" }); }
  wipe() { this.drawn.fill(0); this.choose({ image: "drawing" }); this.pad.canvas.focus(); }
  draw() {
    const network = SETUP.networks[this.chosen.network].reads === "digit" ? {} : { network: START.network, eq: "" };
    this.choose({ image: "drawing", row: ROWS, order: 0, blank: "", ...network });
    this.pad.canvas.focus();
  }

  /* ---------- what follows ---------- */

  async choose(change, said) {
    const before = this.chosen, turn = (this.turn = (this.turn ?? 0) + 1);
    this.chosen = { ...before, ...change };
    try {
      this.network = await load(this.chosen.network);
    } catch (error) {
      return this.say(error.message);
    }
    if (turn !== this.turn && !("row" in change)) return;  // a later choice has overtaken this one
    if (!this.read || Object.keys(change).some((key) => key !== "row")) this.compute();
    this.show(said);
  }

  compute() {
    const { chosen } = this, own = EQUATIONS[this.network.cell].join("\n");
    this.fault = null;
    let prepared;
    try {
      prepared = program(this.network, chosen.eq || own);
    } catch (error) {
      if (!(error instanceof EquationError)) throw error;
      this.fault = error;
      prepared = program(this.network);
    }
    this.changed = !this.fault && Boolean(chosen.eq) && meaning(chosen.eq) !== meaning(own);
    this.image = this.rows();
    this.holds = Object.fromEntries(HOLDABLE.filter((name) => chosen[name]).map((name) => [name, +chosen[name]]));
    this.prepared = prepared;
    this.read = readRows(prepared, this.image, this.holds, chosen.from - 1);
    const last = this.answers(ROWS - 1);
    this.slopes = null;
    clearTimeout(this.later);
    if (this.whole) this.later = setTimeout(() => {
      this.slopes = importance(prepared, this.image, this.holds, chosen.from - 1, likeliest(last));
      this.paintImportance();
    }, this.timer ? 400 : 30);
    this.paintAll();
  }

  /* The image as it is read: in the chosen order, with a band left blank. */
  rows() {
    const { image, order, blank } = this.chosen;
    const source = image === "drawing" ? this.drawn : EXAMPLES.find((example) => example.name === image).pixels;
    const places = order ? shuffled(ROWS, order) : Array.from({ length: ROWS }, (_, k) => k);
    const read = new Float64Array(source.length);
    places.forEach((from, to) => read.set(source.subarray(from * COLUMNS, (from + 1) * COLUMNS), to * COLUMNS));
    if (blank) {
      const [first, last] = blank.split("-").map(Number);
      read.fill(0, (first - 1) * COLUMNS, last * COLUMNS);
    }
    return read;
  }

  answers(row) {
    const { classes } = this.network;
    return [...this.read.probabilities.subarray(row * classes, (row + 1) * classes)];
  }

  means(row) {
    const { units } = this.network;
    return Object.fromEntries(NAMES.filter((name) => this.read.trace.has(name)).map((name) => {
      const part = this.read.trace.get(name).subarray(row * units, (row + 1) * units);
      return [name, part.reduce((sum, v) => sum + v, 0) / units];
    }));
  }

  /* ---------- what is drawn ---------- */

  paintAll() {
    const kind = EXAMPLES.find((example) => example.name === this.chosen.image)?.kind ?? "digit";
    paint(this.find(".read"), this.image, COLUMNS, kind === "digit" ? inkOnPaper : light);
    this.find(".read").setAttribute("aria-label", `The image as it is read, row by row: ${this.title()}`);
    if (this.whole) {
      const drawing = this.chosen.image === "drawing" && !this.chosen.order && !this.chosen.blank;
      for (const part of this.all(".pad, .guide, [data-do=wipe]")) part.hidden = !drawing;
      if (drawing) paint(this.find(".pad"), this.drawn, COLUMNS, inkOnPaper);
      for (const name of NAMES) {
        const canvas = this.find(`[data-map=${name}]`), values = this.read.trace.get(name), look = SETUP.quantities[name];
        canvas.closest(".map").classList.toggle("absent", !values);
        if (values) paint(canvas, values, this.network.units, scaleOf(look));
        canvas.setAttribute("aria-label", values
          ? `${look.title}: 28 rows by ${this.network.units} units, from ${look.low} to ${look.high}`
          : `${look.title}: not in these equations`);
      }
      this.paintImportance();
      this.equations();
    }
    for (const name of HOLDABLE) this.find(`[data-key=${name}]`).disabled = !this.read.trace.has(name);
  }

  paintImportance() {
    const canvas = this.find("[data-map=importance]"), slopes = this.slopes ?? new Float64Array(ROWS);
    const largest = Math.max(1e-12, ...slopes.map(Math.abs));
    paint(canvas, slopes, 1, scaleOf({ low: -1, high: largest }));
    const answer = this.find(".bars").dataset.last ?? "", order = [...slopes.keys()].sort((a, b) => slopes[b] - slopes[a]);
    canvas.setAttribute("aria-label", this.slopes ? `How much each row speaks for the last answer, ${answer}. Most for it: row ${order[0] + 1}; most against: row ${order.at(-1) + 1}.` : "being computed");
  }

  equations() {
    const area = this.find("textarea"), own = EQUATIONS[this.network.cell].join("\n"), text = this.chosen.eq || own;
    if (area.value !== text) area.value = text;
    const fault = this.find(".fault"), banner = this.find(".banner");
    fault.hidden = !this.fault;
    fault.textContent = this.fault ? `${this.fault.message}\n\nline ${this.fault.line + 1}: ${text.split("\n")[this.fault.line] ?? ""}\n${" ".repeat(`line ${this.fault.line + 1}: `.length + this.fault.column)}^\nUntil this is mended, the network's own equations run.` : "";
    area.setAttribute("aria-invalid", String(Boolean(this.fault)));
    banner.hidden = !this.changed;
    banner.textContent = this.changed ? `These weights were trained for another cell: ${SETUP.networks[this.chosen.network].title}.` : "";
  }

  title() {
    const { image, order, blank } = this.chosen;
    const example = EXAMPLES.find((one) => one.name === image);
    return [example?.title ?? "your drawing", order ? "rows shuffled" : "", blank ? `rows ${blank} blank` : ""].filter(Boolean).join(", ");
  }

  show(said) {
    const { chosen } = this, row = chosen.row - 1, answers = this.answers(row), classes = SETUP.networks[chosen.network].classes;
    this.place.style.setProperty("--read", chosen.row / ROWS);
    for (const control of this.all("[data-key]")) {
      const value = String(chosen[control.dataset.key]);
      if (control.value !== value) control.value = value;
    }
    this.find(".count").textContent = `${chosen.row} of ${ROWS}`;
    const best = likeliest(answers), last = this.answers(ROWS - 1), bars = this.find(".bars");
    bars.innerHTML = classes.map((name, k) => `<span class="bar${k === best ? " best" : ""}" style="--p:${Number.isFinite(answers[k]) ? answers[k] : 0}"><i>${name}</i><u></u><em>${short(answers[k])}</em></span>`).join("");
    bars.dataset.last = classes[likeliest(last)];
    this.sentence = this.read.broken >= 0 && this.read.broken <= row
      ? `After row ${this.read.broken + 1} the hidden state is no longer a finite number.`
      : `After ${chosen.row} of ${ROWS} rows of ${this.title()}: ${classes[best]}, probability ${short(answers[best])}; ${HOLDABLE.filter((name) => this.read.trace.has(name) && name !== "g").map((name) => `${SETUP.quantities[name].title} ${short(this.means(row)[name])}`).join(", ")}, in the mean over the cells.`;
    this.find("[data-key=row]").setAttribute("aria-valuetext", `${chosen.row} of ${ROWS}: ${classes[best]}, ${short(answers[best])}`);
    bars.setAttribute("aria-label", `Answer after row ${chosen.row}: ${classes.map((name, k) => `${name} ${short(answers[k])}`).join(", ")}`);
    if (this.whole) this.find(".keep").href = toLink(chosen);
    else {
      const svg = this.find(".cell-drawing");
      lightUp(svg, this.means(row), this.holds);
      svg.setAttribute("aria-label", `One step of the cell. ${this.sentence}`);
    }
    if (!this.timer) this.say(said);
  }

  say(text) {
    const status = this.find(".status"), words = text ?? this.sentence ?? "";
    if (status.textContent !== words) status.textContent = words;
  }
}

window.LSTMExplorer = { EQUATIONS, SETUP, load, program, readRows, importance, compile, meaning, shuffled, EquationError };
window.LSTMExplorer.shown = [...document.querySelectorAll(".lstm-explorer")].map((place, number) => new Explorer(place, number));
