// Products of whole matrices on the tiles of gemm.ts, and softmax cross-entropy of rows.
import { NR, panelRows, part, ROW, strip4 } from './gemm';
import { constants, exp, logistic, relu, tanh } from './math';
import { arenaBytes, ceilDiv, copy, fill, least, startArena, take } from './memory';
import { packColumns, packRows } from './pack';

/** Rows and steps of k that are multiplied at once: their part of A stays in the second-level cache. */
const CHUNK: i32 = 128;
const STEP: i32 = 640;

let panels: usize = 0; // op(B) [panel][k][8]
let strips: usize = 0; // a chunk of Aᵀ [strip][K][4]
let tail: usize = 0; // [CHUNK,8], the last panel of C, or one tile
let start: usize = 0; // [8], the bias of a panel
let one: usize = 0; // a part

function lay(at: usize, n: i32, k: i32, transposeA: bool): void {
  startArena(at);
  panels = take(<u64>ceilDiv(n, NR) * k * NR);
  strips = take(transposeA ? CHUNK * STEP : 0);
  tail = take(CHUNK * NR);
  start = take(NR);
  one = take(16);
}

/** Bytes that `product` works in. */
export function productScratch(n: i32, k: i32, transposeA: bool): f64 {
  lay(0, n, k, transposeA);
  return arenaBytes();
}

/** Rows [row, row + rows) of Aᵀ, columns [k0, k0 + K), of A [k,m] → [strip][K][4], zeros beyond rows. */
function packStrips(A: usize, m: i32, row: i32, rows: i32, k0: i32, K: i32): void {
  let out = strips;
  for (let s = 0; s < rows; s += 4) {
    let from = A + (<usize>k0 * m + row + s) * 4;
    const width = least(4, rows - s);
    for (let k = 0; k < K; k++, from += <usize>m << 2, out += 16) {
      if (width == 4) v128.store(out, v128.load(from));
      else for (let i = 0; i < 4; i++) store<f32>(out + (i << 2), i < width ? load<f32>(from + (i << 2)) : 0);
    }
  }
}

/** rows × width of C, rows of n ↔ rows of 8. */
function copyIn(rows: i32, width: i32, n: i32, C: usize): void {
  for (let i = 0; i < rows; i++) copy(tail + <usize>i * ROW, C + <usize>i * n * 4, width);
}
function copyOut(rows: i32, width: i32, n: i32, C: usize): void {
  for (let i = 0; i < rows; i++) copy(C + <usize>i * n * 4, tail + <usize>i * ROW, width);
}

/** One panel of a chunk of C: the sum begins with `start` when it is the first. */
function panelOf(rows: i32, width: i32, n: i32, k: i32, K: i32, A: usize, B: usize, C: usize, first: bool): void {
  const p = part(one, 0);
  p.A = A, p.lda = <usize>k << 2, p.B = B, p.ldb = ROW, p.K = K;
  const init = first ? start : 0;
  if (width == NR) {
    panelRows(rows, one, 1, init, C, <usize>n << 2);
    return;
  }
  if (!first) copyIn(rows, width, n, C);
  panelRows(rows, one, 1, init, tail, ROW);
  copyOut(rows, width, n, C);
}
/** The same with A in strips. */
function panelOfStrips(rows: i32, width: i32, n: i32, K: i32, B: usize, C: usize, first: bool): void {
  const p = part(one, 0);
  p.A = strips, p.lda = 0, p.B = B, p.ldb = ROW, p.K = K;
  for (let s = 0; s < rows; s += 4, p.A += <usize>K << 4, C += <usize>n << 4) {
    const some = least(4, rows - s);
    if (!first) copyIn(some, width, n, C);
    strip4(one, first ? start : 0, tail);
    copyOut(some, width, n, C);
  }
}

// @ts-ignore: decorator
@inline
function activated(K: usize, f: i32, x: v128): v128 {
  if (f == 1) return relu(x);
  if (f == 2) return logistic(K, x);
  if (f == 3) return tanh(K, x);
  if (f == 5) return exp(K, x);
  return v128.bitselect(f32x4.sub(exp(K, x), f32x4.splat(1)), x, f32x4.lt(x, f32x4.splat(0)));
}
/** x [n] ← f(x), n a multiple of 4: 0 linear, 1 relu, 2 logistic, 3 tanh, 4 elu, 5 exp. */
export function apply(f: i32, x: usize, n: i32): void {
  if (f == 0) return;
  const K = constants;
  for (const end = x + (<usize>n << 2); x < end; x += 16) v128.store(x, activated(K, f, v128.load(x)));
}
function activate(f: i32, x: usize, n: i32): void {
  if (f == 0) return;
  const K = constants;
  for (; n >= 4; n -= 4, x += 16) v128.store(x, activated(K, f, v128.load(x)));
  if (n == 0) return;
  copy(tail, x, n);
  v128.store(tail, activated(K, f, v128.load(tail)));
  copy(x, tail, n);
}

/** C [m,n] = f(op(A) op(B) + bias); A [m,k] or [k,m], B [k,n] or [n,k], bias [n] or 0. */
export function product(
  m: i32,
  n: i32,
  k: i32,
  transposeA: bool,
  transposeB: bool,
  activation: i32,
  A: usize,
  B: usize,
  bias: usize,
  C: usize,
  scratch: usize,
): void {
  lay(scratch, n, k, transposeA);
  const count = ceilDiv(n, NR);
  for (let j = 0; j < count; j++) {
    const out = panels + <usize>j * k * ROW;
    if (transposeB) packRows(B, <usize>k << 2, k, n, 0, j, out);
    else packColumns(B, <usize>n << 2, k, n, 0, j, out);
  }
  for (let row = 0; row < m; row += CHUNK) {
    const rows = least(CHUNK, m - row);
    const to = C + <usize>row * n * 4;
    for (let k0 = 0; k0 == 0 || k0 < k; k0 += STEP) {
      const K = least(STEP, k - k0);
      if (transposeA) packStrips(A, m, row, rows, k0, K);
      for (let j = 0; j < count; j++) {
        const width = least(NR, n - j * NR);
        const b = panels + (<usize>j * k + k0) * ROW;
        const c = to + <usize>j * ROW;
        fill(start, 0, NR);
        if (bias != 0) copy(start, bias + <usize>j * ROW, width);
        if (transposeA) panelOfStrips(rows, width, n, K, b, c, k0 == 0);
        else panelOf(rows, width, n, k, K, A + (<usize>row * k + k0) * 4, b, c, k0 == 0);
      }
    }
    activate(activation, to, rows * n);
  }
}

/** max z; what is no number counts as nothing here, and shows in the sum of exponentials. */
function greatest(z: usize, n: i32): f32 {
  let m: f32 = -Infinity;
  let v = f32x4.splat(m);
  for (; n >= 4; n -= 4, z += 16) v = v128.bitselect(v128.load(z), v, f32x4.gt(v128.load(z), v));
  for (; n > 0; n--, z += 4) m = load<f32>(z) > m ? load<f32>(z) : m;
  const a = f32x4.extract_lane(v, 0), b = f32x4.extract_lane(v, 1);
  const c = f32x4.extract_lane(v, 2), d = f32x4.extract_lane(v, 3);
  m = a > m ? a : m, m = b > m ? b : m, m = c > m ? c : m;
  return d > m ? d : m;
}
/** e [n, rounded up to 4] = e^{z − top}; gives the sum of its n elements. */
function exponentials(z: usize, n: i32, top: f32, e: usize): f32 {
  const K = constants;
  const by = f32x4.splat(top);
  let sums = f32x4.splat(0);
  for (; n >= 4; n -= 4, z += 16, e += 16) {
    const v = exp(K, f32x4.sub(v128.load(z), by));
    v128.store(e, v);
    sums = f32x4.add(sums, v);
  }
  let sum: f32 = 0;
  if (n > 0) {
    copy(e, z, n);
    v128.store(e, exp(K, f32x4.sub(v128.load(e), by)));
    for (; n > 0; n--, e += 4) sum += load<f32>(e);
  }
  sum += f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1);
  return sum + f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3);
}
/** z ← e / s, with e = e^{z − max z}, s = Σ e, for every row; e has room for classes, rounded up to 4. */
export function softmax(rows: i32, classes: i32, z: usize, e: usize): void {
  for (let r = 0; r < rows; r++) {
    const s = exponentials(z, classes, greatest(z, classes), e);
    for (let c = 0; c < classes; c++, z += 4) store<f32>(z, load<f32>(e + (<usize>c << 2)) / s);
  }
}

/** dz [n] = w (scale e − y); y is distributions, or 0. */
function gradientOf(e: usize, y: usize, n: i32, w: f32, scale: f32, dz: usize): void {
  for (; n > 0; n--, e += 4, dz += 4) {
    let v = load<f32>(e) * scale;
    if (y != 0) v -= load<f32>(y), y += 4;
    store<f32>(dz, w * v);
  }
}

/**
 * For each row s = Σ_c e^{z_c − max z}, k = Σ_c y_c, d = Σ_c y_c (z_c − max z) into rows of three; the loss is k log s − d.
 * dz = w (k e / s − y), unless it is 0. y: ids [rows], or distributions [rows, classes]; the other is 0. e has room for
 * classes, rounded up to 4.
 */
export function crossEntropy(
  rows: i32,
  classes: i32,
  z: usize,
  ids: usize,
  y: usize,
  w: usize,
  dz: usize,
  e: usize,
  out: usize,
): void {
  const line = <usize>classes << 2;
  for (let r = 0; r < rows; r++, z += line, out += 12) {
    const top = greatest(z, classes);
    const s = exponentials(z, classes, top, e);
    const at = ids != 0 ? <usize>load<i32>(ids + (<usize>r << 2)) << 2 : 0;
    let k: f32 = 1;
    let d: f32 = ids != 0 ? load<f32>(z + at) - top : 0;
    if (y != 0) {
      k = 0;
      for (let c: usize = 0; c < line; c += 4) {
        k += load<f32>(y + c);
        d += load<f32>(y + c) * (load<f32>(z + c) - top);
      }
    }
    if (dz != 0) {
      const wr = load<f32>(w + (<usize>r << 2));
      gradientOf(e, y, classes, wr, k / s, dz);
      if (ids != 0) store<f32>(dz + at, wr * (load<f32>(e + at) * (k / s) - 1));
      dz += line;
    }
    if (y != 0) y += line;
    store<f32>(out, s), store<f32>(out, k, 4), store<f32>(out, d, 8);
  }
}
