// Products of small row blocks with packed panels: C (+)= Σ A_s B_s, accumulated in registers. Strides are in bytes.
import { ceilDiv, least } from './memory';
import { madd } from './math';

/** Columns of a panel, rows of a tile. */
export const NR: i32 = 8;
export const MR: i32 = 4;
/** Bytes of a row of a panel. */
export const ROW: usize = 32;
/** How far a product goes in k before the next row block: a panel of KC rows stays in the first-level cache. */
const KC: i32 = 640;

/** A [m,K] with row stride lda times B [K,8] with row stride ldb. As strips, A is [K,4] and lda is not read. */
// @ts-ignore: decorator
@unmanaged
export class Part {
  A: usize;
  lda: usize;
  B: usize;
  ldb: usize;
  K: i32;
}
/** Terms that one call of `panelRows` takes. */
export const PARTS: i32 = 8;
// @ts-ignore: decorator
@inline
export function part(list: usize, k: i32): Part {
  return changetype<Part>(list + <usize>k * offsetof<Part>());
}

/**
 * C [M,8] = init [8] (or C itself when init is 0) + Σ A B, M ≤ 4; `strip`: A lies as a strip. One step of k a turn:
 * engines unroll so small a loop themselves, and keep everything in registers; by hand it was a third slower.
 */
// @ts-ignore: decorator
@inline
function tile(M: i32, strip: bool, list: usize, n: i32, row: i32, init: usize, C: usize, ldc: usize): void {
  const from = init != 0 ? init : C;
  const stride: usize = init != 0 ? 0 : ldc;
  let v = f32x4.splat(0);
  let c00 = v, c01 = v, c10 = v, c11 = v, c20 = v, c21 = v, c30 = v, c31 = v;
  c00 = v128.load(from), c01 = v128.load(from, 16);
  if (M > 1) c10 = v128.load(from + stride), c11 = v128.load(from + stride, 16);
  if (M > 2) c20 = v128.load(from + 2 * stride), c21 = v128.load(from + 2 * stride, 16);
  if (M > 3) c30 = v128.load(from + 3 * stride), c31 = v128.load(from + 3 * stride, 16);
  for (let q = 0; q < n; q++) {
    const p = part(list, q);
    const lda = p.lda;
    const ldb = p.ldb;
    let b = p.B;
    let k = p.K;
    let a0 = strip ? p.A : p.A + <usize>row * lda;
    let a1 = a0 + lda;
    let a2 = a1 + lda;
    let a3 = a2 + lda;
    for (; k > 0; k--) {
      const b0 = v128.load(b), b1 = v128.load(b, 16);
      v = v128.load_splat<f32>(a0), c00 = madd(v, b0, c00), c01 = madd(v, b1, c01);
      if (strip) {
        v = v128.load_splat<f32>(a0, 4), c10 = madd(v, b0, c10), c11 = madd(v, b1, c11);
        v = v128.load_splat<f32>(a0, 8), c20 = madd(v, b0, c20), c21 = madd(v, b1, c21);
        v = v128.load_splat<f32>(a0, 12), c30 = madd(v, b0, c30), c31 = madd(v, b1, c31);
        a0 += 16;
      } else {
        if (M > 1) v = v128.load_splat<f32>(a1), c10 = madd(v, b0, c10), c11 = madd(v, b1, c11);
        if (M > 2) v = v128.load_splat<f32>(a2), c20 = madd(v, b0, c20), c21 = madd(v, b1, c21);
        if (M > 3) v = v128.load_splat<f32>(a3), c30 = madd(v, b0, c30), c31 = madd(v, b1, c31);
        a0 += 4;
        if (M > 1) a1 += 4;
        if (M > 2) a2 += 4;
        if (M > 3) a3 += 4;
      }
      b += ldb;
    }
  }
  v128.store(C, c00), v128.store(C, c01, 16);
  if (M > 1) v128.store(C + ldc, c10), v128.store(C + ldc, c11, 16);
  if (M > 2) v128.store(C + 2 * ldc, c20), v128.store(C + 2 * ldc, c21, 16);
  if (M > 3) v128.store(C + 3 * ldc, c30), v128.store(C + 3 * ldc, c31, 16);
}

/** One row, whose two sums would wait for each other: four steps of k at a time have sums of their own. */
function tileOne(list: usize, n: i32, row: i32, init: usize, C: usize): void {
  const from = init != 0 ? init : C;
  let c00 = v128.load(from), c01 = v128.load(from, 16);
  let c10 = f32x4.splat(0), c11 = c10, c20 = c10, c21 = c10, c30 = c10, c31 = c10;
  for (let q = 0; q < n; q++) {
    const p = part(list, q);
    const ldb = p.ldb;
    let a = p.A + <usize>row * p.lda;
    let b = p.B;
    let k = p.K;
    for (; k >= 4; k -= 4) {
      let v = v128.load_splat<f32>(a);
      c00 = madd(v, v128.load(b), c00), c01 = madd(v, v128.load(b, 16), c01);
      b += ldb, v = v128.load_splat<f32>(a, 4);
      c10 = madd(v, v128.load(b), c10), c11 = madd(v, v128.load(b, 16), c11);
      b += ldb, v = v128.load_splat<f32>(a, 8);
      c20 = madd(v, v128.load(b), c20), c21 = madd(v, v128.load(b, 16), c21);
      b += ldb, v = v128.load_splat<f32>(a, 12);
      c30 = madd(v, v128.load(b), c30), c31 = madd(v, v128.load(b, 16), c31);
      b += ldb, a += 16;
    }
    for (; k > 0; k--) {
      const v = v128.load_splat<f32>(a);
      c00 = madd(v, v128.load(b), c00), c01 = madd(v, v128.load(b, 16), c01);
      b += ldb, a += 4;
    }
  }
  v128.store(C, f32x4.add(f32x4.add(c00, c10), f32x4.add(c20, c30)));
  v128.store(C, f32x4.add(f32x4.add(c01, c11), f32x4.add(c21, c31)), 16);
}

/** One row times WIDE panels side by side in a matrix that is read in place: a row of it is a run of memory. */
const WIDE: i32 = 4;
function tileWide(list: usize, n: i32, init: usize, C: usize): void {
  const from = init != 0 ? init : C;
  let c0 = v128.load(from), c1 = v128.load(from, 16), c2 = v128.load(from, 32), c3 = v128.load(from, 48);
  let c4 = v128.load(from, 64), c5 = v128.load(from, 80), c6 = v128.load(from, 96), c7 = v128.load(from, 112);
  for (let q = 0; q < n; q++) {
    const p = part(list, q);
    const ldb = p.ldb;
    let a = p.A;
    let b = p.B;
    for (let k = p.K; k > 0; k--, a += 4, b += ldb) {
      const v = v128.load_splat<f32>(a);
      c0 = madd(v, v128.load(b), c0), c1 = madd(v, v128.load(b, 16), c1);
      c2 = madd(v, v128.load(b, 32), c2), c3 = madd(v, v128.load(b, 48), c3);
      c4 = madd(v, v128.load(b, 64), c4), c5 = madd(v, v128.load(b, 80), c5);
      c6 = madd(v, v128.load(b, 96), c6), c7 = madd(v, v128.load(b, 112), c7);
    }
  }
  v128.store(C, c0), v128.store(C, c1, 16), v128.store(C, c2, 32), v128.store(C, c3, 48);
  v128.store(C, c4, 64), v128.store(C, c5, 80), v128.store(C, c6, 96), v128.store(C, c7, 112);
}

// functions of their own: one body each, however often they are called
function rows4(list: usize, n: i32, row: i32, init: usize, C: usize, ldc: usize): void {
  tile(4, false, list, n, row, init, C, ldc);
}
function rows3(list: usize, n: i32, row: i32, init: usize, C: usize, ldc: usize): void {
  tile(3, false, list, n, row, init, C, ldc);
}
function rows2(list: usize, n: i32, row: i32, init: usize, C: usize, ldc: usize): void {
  tile(2, false, list, n, row, init, C, ldc);
}
/** C [4,8] = init + Aᵀ B: one part, A as strips [K,4], B as a panel [K,8]. */
export function strip4(list: usize, init: usize, C: usize): void {
  tile(4, true, list, 1, 0, init, C, ROW);
}

/** All m rows of one panel of C, in blocks as equal as they can be. */
export function panelRows(m: i32, list: usize, n: i32, init: usize, C: usize, ldc: usize): void {
  const blocks = ceilDiv(m, MR);
  for (let i = 0; i < blocks; i++) {
    const row = <i32>((<i64>m * i) / blocks);
    const rows = <i32>((<i64>m * (i + 1)) / blocks) - row;
    const at = C + <usize>row * ldc;
    if (rows == 4) rows4(list, n, row, init, at, ldc);
    else if (rows == 3) rows3(list, n, row, init, at, ldc);
    else if (rows == 2) rows2(list, n, row, init, at, ldc);
    else tileOne(list, n, row, init, at);
  }
}

/** Blocks of a matrix as panels of 8 columns. In place: whole panels are read where they lie, only the last is packed. */
// @ts-ignore: decorator
@unmanaged
export class Panels {
  /** Each block is [K,N]. */
  K: i32;
  N: i32;
  /** [block][panel][K][8] */
  packed: usize;
  /** The matrix [K, *] with rows of `cols` bytes, or 0. */
  place: usize;
  cols: usize;

  // @ts-ignore: decorator
  @inline
  get count(): i32 {
    return ceilDiv(this.N, NR);
  }
}

/** One term of a sum of products. */
// @ts-ignore: decorator
@unmanaged
export class Factor {
  A: usize; // [m,K]
  lda: usize;
  panels: Panels;
  block: i32;
}
// @ts-ignore: decorator
@inline
export function factor(list: usize, k: i32): Factor {
  return changetype<Factor>(list + <usize>k * offsetof<Factor>());
}
export function setFactor(list: usize, k: i32, A: usize, lda: usize, panels: Panels, block: i32): void {
  const f = factor(list, k);
  f.A = A, f.lda = lda, f.panels = panels, f.block = block;
}

/** C [m, panels·8] = bias (or C itself when it is 0) + Σ A B over the factors; `parts` has room for PARTS. */
export function products(m: i32, panels: i32, factors: usize, n: i32, bias: usize, C: usize, ldc: usize, parts: usize): void {
  for (let j = 0, width = 1; j < panels; j += width) {
    let wide = m == 1;
    for (let f = 0; f < n; f++) {
      const p = factor(factors, f).panels;
      wide = wide && p.place != 0 && (j + WIDE) * NR <= p.N;
    }
    width = wide ? WIDE : 1;
    const to = C + <usize>j * ROW;
    let init = bias != 0 ? bias + <usize>j * ROW : 0;
    let used = 0;
    let depth = 0;
    for (let f = 0; f < n; f++) {
      const term = factor(factors, f);
      const p = term.panels;
      const place = p.place != 0 && (j + 1) * NR <= p.N;
      const ldb = place ? p.cols : ROW;
      const B = place
        ? p.place + (<usize>term.block * p.N + j * NR) * 4
        : p.packed + (<usize>term.block * p.count + j) * p.K * ROW;
      for (let k = 0; k < p.K; k += KC) {
        const K = least(KC, p.K - k);
        if (used == PARTS || (used > 0 && depth + K > KC)) {
          flush(m, wide, parts, used, init, to, ldc);
          init = 0, used = depth = 0;
        }
        const q = part(parts, used++);
        q.A = term.A + (<usize>k << 2), q.lda = term.lda, q.B = B + <usize>k * ldb, q.ldb = ldb, q.K = K;
        depth += K;
      }
    }
    if (used > 0) flush(m, wide, parts, used, init, to, ldc);
  }
}
function flush(m: i32, wide: bool, parts: usize, n: i32, init: usize, C: usize, ldc: usize): void {
  if (wide) tileWide(parts, n, init, C);
  else panelRows(m, parts, n, init, C, ldc);
}
