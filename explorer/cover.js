/* The cover that can be played: as the slider moves down the rows, the answers of stored networks move with it. */

const figure = document.getElementById("fig-cover"), picture = figure.querySelector("img");
const ROWS = 28, made = (name, attributes, ...inside) => {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...inside);
  return element;
};

const tiles = TILES.map(({ pixels, kind, classes, answers }) => {
  const canvas = made("canvas", { width: ROWS, height: ROWS });
  const context = canvas.getContext("2d"), drawn = context.createImageData(ROWS, ROWS);
  [...atob(pixels)].forEach((letter, k) => {
    const grey = kind === "digit" ? 255 - letter.charCodeAt(0) : letter.charCodeAt(0);
    drawn.data.set([grey, grey, grey, 255], 4 * k);
  });
  context.putImageData(drawn, 0, 0);
  const bars = classes.map((name) => made("span", { className: "bar" }, made("i", { textContent: name }), made("u"), made("em")));
  const frame = made("div", { className: "frame" }, canvas, made("div", { className: "veil" }));
  const tile = made("div", { className: `tile ${kind}` }, frame, made("div", { className: "bars" }, ...bars));
  tile.setAttribute("role", "img");
  return { tile, bars, classes, answers, kind };
});

const slider = made("input", { type: "range", min: 1, max: ROWS, value: 9, id: "cover-row" });
const count = made("span", { className: "count" }), play = made("button", { type: "button", textContent: "play" });
const label = made("label", { textContent: "rows read", htmlFor: slider.id });
const whole = made("div", { className: "lstm-cover" },
  made("div", { className: "tiles" }, ...tiles.map(({ tile }) => tile)), made("div", { className: "line" }, play, label, slider, count));
let timer = null;

function show() {
  const row = slider.valueAsNumber;
  whole.style.setProperty("--read", row / ROWS);
  count.textContent = `${row} of ${ROWS}`;
  const said = [];
  for (const { tile, bars, classes, answers, kind } of tiles) {
    const now = answers[row - 1], best = now.indexOf(Math.max(...now));
    bars.forEach((bar, k) => {
      bar.style.setProperty("--p", now[k]);
      bar.classList.toggle("best", k === best);
      bar.lastChild.textContent = now[k].toFixed(2);
    });
    tile.setAttribute("aria-label", `${kind === "digit" ? "A handwritten digit" : "A chest radiograph of a child with pneumonia"}: after row ${row} the answer is ${classes[best]}, ${now[best].toFixed(2)}`);
    said.push(classes[best]);
  }
  slider.setAttribute("aria-valuetext", `${row} of ${ROWS}: ${said.join(", ")}`);
}

function stop() {
  clearInterval(timer);
  timer = null;
  play.textContent = "play";
}

play.addEventListener("click", () => {
  if (timer) return stop();
  if (slider.valueAsNumber === ROWS) slider.value = 1;
  play.textContent = "pause";
  timer = setInterval(() => {
    slider.stepUp();
    show();
    if (slider.valueAsNumber === ROWS) stop();
  }, 180);
});
slider.addEventListener("input", () => { stop(); show(); });
(picture.closest("a") ?? picture).before(whole);
(picture.closest("a") ?? picture).hidden = true;
show();
