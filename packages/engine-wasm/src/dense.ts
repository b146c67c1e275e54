import {
  activations,
  type CrossEntropy,
  type Dense,
  type Dropout,
  functions,
  type Product,
} from '@gatewise/kernels';
import {
  checkApplication,
  checkCombination,
  checkCrossEntropy,
  checkDropout,
  checkMatrix,
  checkProduct,
  checkRows,
  checkSums,
} from './dense-arguments.js';
import type { Home } from './home.js';
import { addRows, combine, copyRows, sumRows } from './loops.js';

/** A module and its memory, where arrays are copied to. */
type Module = Pick<Home, 'exports' | 'heap'>;

/** Products and losses of the module; what moves or adds each number once is done where the arrays lie. */
export function wasmDense(home: Module): Dense {
  return {
    array: (length) => new Float32Array(length),
    product(of) {
      checkProduct(of);
      within(home, (loan) => product(home, loan, of));
    },
    crossEntropy(of) {
      checkCrossEntropy(of);
      return within(home, (loan) => crossEntropy(home, loan, of));
    },
    gatherRows(of) {
      checkRows(of, true);
      copyRows(of);
    },
    scatterRows(of) {
      checkRows(of, false);
      addRows(of);
    },
    softmax(x, width, out) {
      checkMatrix(x, width, out);
      within(home, (loan) => {
        const z = loan.put(x);
        home.exports.softmax(width === 0 ? 0 : x.length / width, width, z, loan.take(4 * width + 16));
        out.set(new Float32Array(home.heap.buffer as ArrayBuffer, z, x.length));
      });
    },
    sumRows(x, out) {
      checkSums(x, out);
      sumRows(x, out);
    },
    apply(which, x, out) {
      checkApplication(which, x, out);
      within(home, (loan) => apply(home, loan, functions.indexOf(which), x, out));
    },
    combine(of) {
      checkCombination(of);
      combine(of);
    },
    dropout(of) {
      checkDropout(of);
      within(home, (loan) => dropout(home, loan, of));
    },
  };
}

/** Memory for one call. */
interface Loan {
  take(bytes: number): number;
  put(values: Float32Array | Int32Array): number;
}

function within<T>({ heap }: Module, body: (loan: Loan) => T): T {
  const taken: number[] = [];
  const take = (bytes: number) => {
    const at = heap.take(bytes);
    taken.push(at);
    return at;
  };
  const put = (values: Float32Array | Int32Array) => {
    const at = take(values.byteLength);
    const view = values instanceof Int32Array ? Int32Array : Float32Array;
    new view(heap.buffer as ArrayBuffer, at, values.length).set(values);
    return at;
  };
  try {
    return body({ take, put });
  } finally {
    for (const at of taken) heap.give(at);
  }
}

/** What is copied in at a time stays in the second-level cache. */
const CHUNK = 16384;

function apply(
  { exports, heap }: Module,
  loan: Loan,
  which: number,
  x: Float32Array,
  out: Float32Array,
): void {
  const at = loan.take(4 * CHUNK);
  for (let from = 0; from < x.length; from += CHUNK) {
    const n = Math.min(CHUNK, x.length - from);
    const window = new Float32Array(heap.buffer as ArrayBuffer, at, n);
    window.set(x.subarray(from, from + n));
    exports.apply(which, at, 4 * Math.ceil(n / 4));
    out.set(window, from);
  }
}

function dropout({ exports, heap }: Module, loan: Loan, of: Dropout): void {
  const { rows, steps, units, key, rate, x, out } = of;
  if (x.length === 0) return;
  const some = Math.min(steps, Math.max(1, Math.floor(CHUNK / units)));
  const at = loan.take(4 * some * units);
  for (let row = 0; row < rows; row++) {
    for (let t = 0; t < steps; t += some) {
      const n = Math.min(some, steps - t);
      const from = (row * steps + t) * units;
      const window = new Float32Array(heap.buffer as ArrayBuffer, at, n * units);
      window.set(x.subarray(from, from + n * units));
      exports.dropout(key, rate, row, t, n, units, at);
      out.set(window, from);
    }
  }
}

function product({ exports, heap }: Module, loan: Loan, of: Product): void {
  const { n, k, transposeA, transposeB } = of;
  const { m, batches } = asOne(of);
  const [a, b] = [loan.put(of.a), loan.put(of.b)];
  const bias = of.bias ? loan.put(of.bias) : 0;
  const c = loan.take(4 * of.c.length);
  const scratch = loan.take(exports.productScratch(n, k, transposeA));
  const activation = activations.indexOf(of.activation);
  for (let i = 0; i < batches; i++) {
    const [atA, atB] = [a + (of.repeatA ? 0 : 4 * i * m * k), b + (of.repeatB ? 0 : 4 * i * k * n)];
    const at = c + 4 * i * m * n;
    exports.product(m, n, k, transposeA, transposeB, activation, atA, atB, bias, at, scratch);
  }
  of.c.set(new Float32Array(heap.buffer as ArrayBuffer, c, of.c.length));
}

/** The batches of one B are the rows of one product. */
function asOne({ m, batches, transposeA, repeatA, repeatB }: Product): { m: number; batches: number } {
  const one = repeatB && !repeatA && !transposeA && batches * m < 2 ** 31;
  return one ? { m: m * batches, batches: 1 } : { m, batches };
}

function crossEntropy({ exports, heap }: Module, loan: Loan, of: CrossEntropy): number {
  const { rows, classes, targets, gradient } = of;
  const w = weights(of);
  const at = loan.put(targets);
  const [ids, y] = targets instanceof Int32Array ? [at, 0] : [0, at];
  const [z, by] = [loan.put(of.logits), loan.put(w)];
  const dz = gradient ? loan.take(4 * gradient.length) : 0;
  const [e, parts] = [loan.take(4 * classes + 16), loan.take(12 * rows)];
  exports.crossEntropy(rows, classes, z, ids, y, by, dz, e, parts);
  gradient?.set(new Float32Array(heap.buffer as ArrayBuffer, dz, gradient.length));
  const each = new Float32Array(heap.buffer as ArrayBuffer, parts, 3 * rows);
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const [s = 0, k = 0, d = 0] = each.subarray(3 * row, 3 * row + 3);
    // l = w (k log s − Σ_c y (z − max z))
    sum += w[row]! * (k * Math.log(s) - d);
  }
  return sum;
}

/** w = m / max(Σ m, 1) */
function weights({ rows, mask }: CrossEntropy): Float32Array {
  const sum = mask ? mask.reduce((total, m) => total + m, 0) : rows;
  const by = Math.max(sum, 1);
  return Float32Array.from({ length: rows }, (_, row) => (mask ? mask[row]! : 1) / by);
}
