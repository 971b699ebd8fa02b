/* Which equations may a reader write, and what do they compute?

   A line is `name = sum`. Known are numbers, + - * / @, brackets, the functions below, the weights of the network, and
   x, h and c: the row going in, and what the step before left. Nothing else can be named, nothing repeats, and the
   work of a step is bounded; so whatever is typed either runs or is refused at a character. */

const LIMITS = { characters: 4000, depth: 40, operations: 400, products: 24 };

const EACH = new Map([
  ["sigmoid", (v) => 0.5 + 0.5 * Math.tanh(0.5 * v)],
  ["tanh", Math.tanh],
  ["relu", (v) => Math.max(v, 0)],
  ["exp", Math.exp],
  ["abs", Math.abs],
]);
const FUNCTIONS = [...EACH.keys(), "softmax"];
const BETWEEN = new Map([
  ["+", (a, b) => a + b],
  ["-", (a, b) => a - b],
  ["*", (a, b) => a * b],
  ["/", (a, b) => a / b],
]);

class EquationError extends Error {
  constructor(message, line, column) {
    super(message);
    Object.assign(this, { line, column });
  }
}

function softmaxInto(out, v) {
  let largest = -Infinity, sum = 0;
  for (let k = 0; k < v.length; k++) largest = Math.max(largest, v[k]);
  for (let k = 0; k < v.length; k++) sum += out[k] = Math.exp(v[k] - largest);
  for (let k = 0; k < v.length; k++) out[k] /= sum;
}

function productInto(out, v, matrix) {
  const columns = out.length;
  out.fill(0);
  for (let n = 0; n < v.length; n++) {
    const factor = v[n], start = n * columns;
    if (factor !== 0) for (let m = 0; m < columns; m++) out[m] += factor * matrix[start + m];
  }
}

/* The pieces of one line, each with the place where it begins. */
function tokens(text, line) {
  const pattern = /\s*(?:([A-Za-z]\w*)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([-+*/@()=]))/y;
  const found = [], end = text.replace(/\s+$/, "").length;
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex, match = pattern.exec(text);
    if (!match) {
      const column = from + text.slice(from).search(/\S/);
      throw new EquationError(`“${String.fromCodePoint(text.codePointAt(column))}” has no meaning here`, line, column);
    }
    const kind = match[1] ? "name" : match[2] ? "number" : "sign";
    const word = match[1] || match[2] || match[3];
    found.push({ kind, word, column: pattern.lastIndex - word.length });
  }
  return found;
}

/* The same for two texts that mean the same: spaces and comments do not count. */
function meaning(text) {
  return linesOf(text).map(([line, number]) => tokens(line, number).map((token) => token.word).join(" ")).join("\n");
}

function linesOf(text) {
  const lines = text.split("\n").map((line, number) => [line.replace(/#.*/, ""), number]);
  return lines.filter(([line]) => line.trim());
}

const size = (shape) => (shape.length === 2 ? `a matrix of ${shape[0]} by ${shape[1]}` : `${shape[0] ?? 1} number${(shape[0] ?? 1) === 1 ? "" : "s"}`);

/* Turn the lines into operations on buffers that are made once.

   `given` maps the names of the weights to { shape, data }, `state` those of x, h and c. Returned are `step`, which
   computes one time step and moves h and c on; `named`, the buffers of every name that a line gives; and `held`, a
   map of values that replace what a line gives. */
function compile(text, given, state) {
  if (text.length > LIMITS.characters) throw new EquationError(`at most ${LIMITS.characters} characters`, 0, 0);
  const known = new Map([...given, ...state]);
  const operations = [], named = new Map(), held = new Map();
  const units = state.get("h").shape[0];
  let products = 0;

  for (const [line, number] of linesOf(text)) {
    const left = tokens(line, number);
    let at = 0, depth = 0;
    const fail = (message, token = left[at]) => {
      throw new EquationError(message, number, token ? token.column : line.trimEnd().length);
    };
    const next = (word) => left[at]?.word === word && left[at].kind === "sign" && left[at++];
    const emit = (shape, token, make) => {
      if (operations.length >= LIMITS.operations) fail(`at most ${LIMITS.operations} operations`, token);
      const out = new Float64Array(shape.length ? shape[0] : 1);
      operations.push(make(out));
      return { shape, data: out };
    };

    const atom = () => {
      const token = left[at++];
      if (!token) fail("something is missing here", null);
      if (token.kind === "number") return { shape: [], data: Float64Array.of(Number(token.word)) };
      if (token.word === "(") {
        const inside = sum();
        if (!next(")")) fail("“)” was expected");
        return inside;
      }
      if (token.kind !== "name") fail(`a name or a number was expected, not “${token.word}”`, token);
      if (FUNCTIONS.includes(token.word)) {
        if (!next("(")) fail(`“(” was expected after ${token.word}`);
        const inside = sum();
        if (!next(")")) fail("“)” was expected");
        if (inside.shape.length === 2) fail(`${token.word} takes numbers, not ${size(inside.shape)}`, token);
        return emit(inside.shape, token, (out) => each(token.word, out, inside.data));
      }
      if (!known.has(token.word)) fail(unknown(token.word), token);
      return known.get(token.word);
    };
    const each = (name, out, v) => {
      if (name === "softmax") return () => softmaxInto(out, v);
      const f = EACH.get(name);
      return () => { for (let k = 0; k < out.length; k++) out[k] = f(v[k]); };
    };
    const unary = () => {
      if (++depth > LIMITS.depth) fail(`at most ${LIMITS.depth} brackets or signs within each other`);
      const sign = next("-");
      const value = sign ? unary() : atom();
      depth--;
      if (!sign) return value;
      if (value.shape.length === 2) fail("a matrix stands only to the right of @", sign);
      return emit(value.shape, sign, (out) => () => { for (let k = 0; k < out.length; k++) out[k] = -value.data[k]; });
    };
    const product = () => {
      let value = unary();
      for (let sign; (sign = next("*") || next("/") || next("@")); ) {
        const other = unary();
        value = sign.word === "@" ? matrixProduct(value, other, sign) : between(value, other, sign);
      }
      return value;
    };
    const sum = () => {
      let value = product();
      for (let sign; (sign = next("+") || next("-")); ) value = between(value, product(), sign);
      return value;
    };
    const matrixProduct = (v, matrix, sign) => {
      if (matrix.shape.length !== 2) fail(`to the right of @ a matrix was expected, got ${size(matrix.shape)}`, sign);
      if (v.shape.length === 2) fail("to the left of @ a vector was expected, got a matrix", sign);
      if ((v.shape[0] ?? 1) !== matrix.shape[0]) fail(`${size(v.shape)}, ${matrix.shape[0]} were expected`, sign);
      if (++products > LIMITS.products) fail(`at most ${LIMITS.products} products with @`, sign);
      return emit([matrix.shape[1]], sign, (out) => () => productInto(out, v.data, matrix.data));
    };
    const between = (a, b, sign) => {
      if (a.shape.length === 2 || b.shape.length === 2) fail("a matrix stands only to the right of @", sign);
      if (a.shape.length && b.shape.length && a.shape[0] !== b.shape[0])
        fail(`${size(b.shape)}, ${a.shape[0]} were expected`, sign);
      const f = BETWEEN.get(sign.word), da = a.shape.length ? 1 : 0, db = b.shape.length ? 1 : 0;
      return emit(a.shape.length ? a.shape : b.shape, sign, (out) => () => {
        for (let k = 0; k < out.length; k++) out[k] = f(a.data[k * da], b.data[k * db]);
      });
    };
    const unknown = (name) =>
      /^[WUb]_/.test(name)
        ? `this network has no ${name}; it has ${[...given.keys()].join(", ")}`
        : `${name} is not known here; known are ${[...known.keys()].filter((k) => !given.has(k)).join(", ")}, the weights, and ${FUNCTIONS.join(", ")}`;

    const target = left[at++];
    if (target.kind !== "name") fail("a line begins with a name, such as f", target);
    if (FUNCTIONS.includes(target.word) || given.has(target.word) || target.word === "x")
      fail(`${target.word} cannot be given a value`, target);
    if (!next("=")) fail("“=” was expected");
    if (left[at] === undefined) fail("something is missing here", null);
    const value = sum();
    if (at < left.length) fail(`“${left[at].word}” was not expected here`);
    const shape = value.shape;
    if (shape.length === 2) fail("a matrix stands only to the right of @", target);
    if ("fgioch".includes(target.word) && target.word.length === 1) {
      const mayBeOne = target.word !== "c" && target.word !== "h";
      if (shape.length ? shape[0] !== units : !mayBeOne) fail(`${target.word}: ${size(shape)}, ${units} were expected`, target);
    }
    const name = target.word;
    known.set(name, emit(shape, target, (out) => () => {
      const hold = held.get(name);
      if (hold === undefined) out.set(value.data); else out.fill(hold);
    }));
    named.set(name, known.get(name));
  }
  if (!named.has("h")) throw new EquationError("a line that gives h is missing", linesOf(text).at(-1)?.[1] ?? 0, 0);

  const moved = ["h", "c"].filter((name) => named.has(name)).map((name) => [state.get(name).data, named.get(name).data]);
  const step = () => {
    for (const operation of operations) operation();
    for (const [old, fresh] of moved) old.set(fresh);
  };
  return { step, named, held };
}
