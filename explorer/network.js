/* What does a small network answer after each row, and why? In double precision; no drawing here. */

const GATE_LINES = {
  f: "f = sigmoid(x @ W_f + h @ U_f + b_f)",
  i: "i = sigmoid(x @ W_i + h @ U_i + b_i)",
  g: "g = tanh(x @ W_g + h @ U_g + b_g)",
  o: "o = sigmoid(x @ W_o + h @ U_o + b_o)",
};
const SOFTMAX_LINE = GATE_LINES.o.replace("sigmoid", "softmax");
const ENDING = ["c = f * c + i * g", "h = o * tanh(c)"];
const EQUATIONS = {
  standard: [GATE_LINES.f, GATE_LINES.i, GATE_LINES.g, GATE_LINES.o, ...ENDING],
  no_forget: [GATE_LINES.i, GATE_LINES.g, GATE_LINES.o, "c = c + i * g", ENDING[1]],
  softmax_output: [GATE_LINES.f, GATE_LINES.i, GATE_LINES.g, SOFTMAX_LINE, ...ENDING],
  article: [GATE_LINES.f, GATE_LINES.i, SOFTMAX_LINE, GATE_LINES.g.replace("g =", "c ="), "h = i * tanh(c) + f * h"],
};
const LETTERS = { input: "i", forget: "f", candidate: "g", output: "o" };

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/* The weights of a network by the names that equations use: W_f, U_f, b_f, ..., and the head's apart. */
function decoded({ cell, blocks, sizes: [inputs, units, classes], weights }) {
  const flat = new Float64Array(new Float32Array(bytes(weights).buffer));
  let read = 0;
  const take = (rows, columns) => ({ shape: [rows, columns], data: flat.subarray(read, (read += rows * columns)) });
  const part = (matrix, k) => {
    const data = new Float64Array(matrix.shape[0] * units);
    for (let n = 0; n < matrix.shape[0]; n++)
      for (let m = 0; m < units; m++) data[n * units + m] = matrix.data[n * matrix.shape[1] + k * units + m];
    return data;
  };
  const whole = { W: take(inputs, blocks.length * units), U: take(units, blocks.length * units), b: take(1, blocks.length * units) };
  const named = new Map();
  blocks.forEach((block, k) => {
    for (const letter of "WUb") {
      const matrix = whole[letter], shape = letter === "b" ? [units] : [matrix.shape[0], units];
      named.set(`${letter}_${LETTERS[block]}`, { shape, data: part(matrix, k) });
    }
  });
  return { cell, inputs, units, classes, named, kernel: take(units, classes).data, bias: take(1, classes).data };
}

/* A network with the equations that it runs: its own, unless others are given. */
function program(network, text = EQUATIONS[network.cell].join("\n")) {
  const vector = (length) => ({ shape: [length], data: new Float64Array(length) });
  const state = new Map([["x", vector(network.inputs)], ["h", vector(network.units)], ["c", vector(network.units)]]);
  return { network, state, ...compile(text, network.named, state) };
}

/* Read the rows of an image (rows * inputs numbers). `holds` maps names to values, from row `from` on.

   Returned are the trace, a map of name to rows * units numbers; the probabilities and logits, rows * classes; and the
   first row after which something is no finite number, or -1. */
function readRows({ network, state, step, named, held }, image, holds = {}, from = 0) {
  const { inputs, units, classes } = network, rows = image.length / inputs;
  for (const { data } of state.values()) data.fill(0);
  const trace = new Map([...named.keys()].map((name) => [name, new Float64Array(rows * units)]));
  const logits = new Float64Array(rows * classes), probabilities = new Float64Array(rows * classes);
  const row = new Float64Array(classes);
  let broken = -1;
  held.clear();
  for (let t = 0; t < rows; t++) {
    if (t === from) for (const [name, value] of Object.entries(holds)) held.set(name, value);
    state.get("x").data.set(image.subarray(t * inputs, (t + 1) * inputs));
    step();
    for (const [name, { shape, data }] of named) {
      const place = trace.get(name).subarray(t * units, (t + 1) * units);
      if (shape.length && shape[0] === units) place.set(data); else place.fill(shape.length ? NaN : data[0]);
    }
    productInto(row, named.get("h").data, network.kernel);
    for (let k = 0; k < classes; k++) logits[t * classes + k] = row[k] + network.bias[k];
    softmaxInto(probabilities.subarray(t * classes), logits.subarray(t * classes, (t + 1) * classes));
    if (broken < 0 && !named.get("h").data.every(Number.isFinite)) broken = t;
  }
  return { trace, logits, probabilities, broken, rows };
}

/* How much each row speaks for a class: the slope of its log probability as the row grows brighter, by central
   differences, two readings a row. With the gradient this is the sum of gradient times pixel over the row. */
function importance(prepared, image, holds, from, answer, step = 1e-3) {
  const { inputs, classes } = prepared.network, rows = image.length / inputs;
  const slope = new Float64Array(rows), changed = Float64Array.from(image);
  const logProbability = () => {
    const { logits } = readRows(prepared, changed, holds, from);
    const last = logits.subarray((rows - 1) * classes), largest = Math.max(...last);
    return last[answer] - largest - Math.log(last.reduce((sum, v) => sum + Math.exp(v - largest), 0));
  };
  for (let t = 0; t < rows; t++) {
    const scale = (factor) => { for (let k = t * inputs; k < (t + 1) * inputs; k++) changed[k] = image[k] * factor; };
    scale(1 + step);
    slope[t] = logProbability();
    scale(1 - step);
    slope[t] = (slope[t] - logProbability()) / (2 * step);
    scale(1);
  }
  return slope;
}

/* A permutation of 0 to count - 1; the same for the same seed (mulberry32, then Fisher and Yates). */
function shuffled(count, seed) {
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const order = Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k--) {
    const other = Math.floor(random() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
