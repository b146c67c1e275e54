// dW, dR, db and δw: rows of several steps are packed, then multiplied in one product.
import {
  blockR,
  blocksR,
  blocksW,
  blockW,
  Call,
  DROP_NONE,
  droppedAt,
  DW,
  GATES,
  idAt,
  input,
  isFed,
  operandAt,
  PANELS_DA,
  PARTS_AT,
  planOf,
  reads,
  real,
  stateAt,
  STRIPS,
  table,
  time,
  widthOf,
} from './call';
import { MR, NR, part, ROW, strip4 } from './gemm';
import { add, ceilDiv, copy, fill, least, most, setWord, take, word } from './memory';

const CHUNK_ROWS: i32 = 256;
/** A row of a strip, in bytes. */
const STRIP: usize = 16;

/** Rows [*, width] as strips [strip][capacity][4]: the left side of a product over rows. */
// @ts-ignore: decorator
@unmanaged
class Strips {
  at: usize;
  width: i32;
  count: i32;
  unused: i32;
}
// @ts-ignore: decorator
@inline
function strips(call: Call, which: i32): Strips {
  return changetype<Strips>(table(call, STRIPS) + <usize>which * 16);
}
const X: i32 = 0;
const HIDDEN: i32 = 1;
const U: i32 = 2;

let capacity: i32 = 0;
let rows: i32 = 0;
let sumsW: usize = 0; // [block][panel][rows of x in whole strips][8]
let sumsR: usize = 0;
let sumsB: usize = 0; // [G,Hp]
let sumsV: usize = 0; // [V,Hp]

function layStrips(call: Call, which: i32, width: i32): void {
  const s = strips(call, which);
  s.width = width, s.count = ceilDiv(width, MR);
  s.at = take(<u64>s.count * capacity * MR);
}

export function layWeights(call: Call): void {
  const p = planOf(call);
  const Hp = <u64>widthOf(call);
  capacity = most(CHUNK_ROWS, call.B);
  layStrips(call, X, call.ids || blocksW(call) == 0 ? 0 : call.I);
  layStrips(call, HIDDEN, reads(call, false) ? call.H : 0);
  layStrips(call, U, reads(call, true) ? call.H : 0);
  sumsW = take(call.ids ? 0 : <u64>blocksW(call) * Hp * (ceilDiv(call.I, MR) * MR));
  sumsR = take(<u64>blocksR(call) * Hp * (ceilDiv(call.H, MR) * MR));
  for (let g = 0; g < p.G; g++) setWord(table(call, PANELS_DA), g, take(<u64>capacity * Hp));
  sumsB = take(<u64>p.G * Hp);
  sumsV = take(<u64>p.V * Hp);
}

export function startWeights(call: Call): void {
  const p = planOf(call);
  const Hp = <usize>widthOf(call);
  rows = 0;
  fill(sumsB, 0, <usize>p.G * Hp);
  fill(sumsV, 0, <usize>p.V * Hp);
  fill(sumsR, 0, <usize>blocksR(call) * Hp * (ceilDiv(call.H, MR) * MR));
  if (call.ids) fill(dW(call), 0, <usize>call.I * blocksW(call) * call.H);
  else fill(sumsW, 0, <usize>blocksW(call) * Hp * (ceilDiv(call.I, MR) * MR));
}
function dW(call: Call): usize {
  return word(call.gradients, 2);
}

/** One step's rows; when the chunk is full, or at the last step, into the sums. */
export function takeStep(call: Call, n: i32): void {
  const p = planOf(call);
  const t = time(call, n);
  const m = call.B;
  const row = <usize>widthOf(call) << 2;
  const x = <usize>call.I << 2;
  if (strips(call, X).count > 0) putRows(call, X, t, input(call, 0) + <usize>t * x, <usize>call.T * x);
  if (strips(call, HIDDEN).count > 0) {
    putRows(call, HIDDEN, t, call.drop == DROP_NONE ? stateAt(call, 0, n) : droppedAt(call, n), row);
  }
  if (strips(call, U).count > 0) putRows(call, U, t, operandAt(call, n), row);
  for (let g = 0; g < p.G; g++) packGate(call, g);
  for (let v = 0; v < p.V; v++) addRows(call, word(table(call, DW), v), sumsV + <usize>v * row);
  if (call.ids) scatter(call, t);
  rows += m;
  if (rows + m > capacity || n == 0) flush(call);
}

/** Rows of `stride` bytes into the strips; masked ones as zeros. */
function putRows(call: Call, which: i32, t: i32, from: usize, stride: usize): void {
  const s = strips(call, which);
  const next = <usize>capacity * STRIP;
  const whole = s.width / MR;
  const tail = s.width - whole * MR;
  for (let r = 0; r < call.B; r++, from += stride) {
    let to = s.at + <usize>(rows + r) * STRIP;
    if (!real(call, r, t)) {
      for (let k = 0; k < s.count; k++, to += next) v128.store(to, f32x4.splat(0));
      continue;
    }
    let at = from;
    for (let k = 0; k < whole; k++, to += next, at += 16) v128.store(to, v128.load(at));
    for (let i = 0; tail > 0 && i < MR; i++) {
      store<f32>(to + (<usize>i << 2), i < tail ? load<f32>(at + (<usize>i << 2)) : 0);
    }
  }
}

/** δa [B,Hp] → panels [panel][capacity][8], and Σ δa → db. */
function packGate(call: Call, g: i32): void {
  const Hp = widthOf(call);
  const row = <usize>Hp << 2;
  const from = word(table(call, GATES), g);
  const to = word(table(call, PANELS_DA), g);
  const sum = sumsB + <usize>g * row;
  for (let j = 0; j < Hp / NR; j++) {
    const c = <usize>j * ROW;
    let out = to + (<usize>j * capacity + rows) * ROW;
    let s0 = v128.load(sum + c), s1 = v128.load(sum + c, 16);
    for (let r = 0, at = from + c; r < call.B; r++, at += row, out += ROW) {
      const a0 = v128.load(at), a1 = v128.load(at, 16);
      v128.store(out, a0), v128.store(out, a1, 16);
      s0 = f32x4.add(s0, a0), s1 = f32x4.add(s1, a1);
    }
    v128.store(sum + c, s0), v128.store(sum + c, s1, 16);
  }
}
function addRows(call: Call, from: usize, sum: usize): void {
  const Hp = widthOf(call);
  for (let r = 0; r < call.B; r++, from += <usize>Hp << 2) add(sum, from, Hp);
}

/** dW for ids: rows of δa are added up by id. */
function scatter(call: Call, t: i32): void {
  const H = call.H;
  const Hp = widthOf(call);
  const cols = <usize>blocksW(call) * H;
  for (let g = 0; g < planOf(call).G; g++) {
    const w = blockW(call, g);
    if (w < 0) continue;
    const a = word(table(call, GATES), g);
    for (let r = 0; r < call.B; r++) {
      if (!real(call, r, t)) continue;
      const to = dW(call) + (<usize>idAt(call, r, t) * cols + <usize>w * H) * 4;
      add(to, a + <usize>r * Hp * 4, H);
    }
  }
}

function flush(call: Call): void {
  const panels = widthOf(call) / NR;
  const list = table(call, PARTS_AT);
  for (let g = 0; g < planOf(call).G; g++) {
    const w = call.ids ? -1 : blockW(call, g);
    const r = blockR(call, g);
    const left = isFed(call, g) ? U : HIDDEN;
    for (let j = 0; j < panels; j++) {
      const p = part(list, 0);
      p.B = word(table(call, PANELS_DA), g) + <usize>j * capacity * ROW, p.ldb = ROW, p.K = rows, p.lda = 0;
      if (w >= 0) sum(list, strips(call, X), sumsAt(sumsW, call.I, panels, w, j));
      if (r >= 0) sum(list, strips(call, left), sumsAt(sumsR, call.H, panels, r, j));
    }
  }
  rows = 0;
}
function sumsAt(sums: usize, width: i32, panels: i32, block: i32, j: i32): usize {
  return sums + (<usize>block * panels + j) * (ceilDiv(width, MR) * MR) * ROW;
}
/** C [rows of A, 8] += Aᵀ B over the rows of the chunk. */
function sum(list: usize, A: Strips, C: usize): void {
  for (let s = 0; s < A.count; s++, C += <usize>MR * ROW) {
    part(list, 0).A = A.at + <usize>s * capacity * STRIP;
    strip4(list, 0, C);
  }
}

/** The sums into the gradients. */
export function finishWeights(call: Call): void {
  const p = planOf(call);
  const H = call.H;
  const row = <usize>widthOf(call) << 2;
  const dR = word(call.gradients, 3);
  if (!call.ids) unpack(call, sumsW, blocksW(call), call.I, dW(call));
  if (dR != 0) unpack(call, sumsR, blocksR(call), H, dR);
  for (let g = 0; g < p.G; g++) copy(word(call.gradients, 4) + <usize>g * H * 4, sumsB + <usize>g * row, H);
  for (let v = 0; v < p.V; v++) copy(word(call.gradients, 5 + v), sumsV + <usize>v * row, H);
}
/** [block][panel][rows][8] → [height, blocks·H] */
function unpack(call: Call, sums: usize, blocks: i32, height: i32, to: usize): void {
  const H = call.H;
  const panels = widthOf(call) / NR;
  for (let i = 0; i < height; i++) {
    for (let block = 0; block < blocks; block++) {
      for (let j = 0; j < panels; j++) {
        const at = to + ((<usize>i * blocks + block) * H + <usize>j * NR) * 4;
        copy(at, sumsAt(sums, height, panels, block, j) + <usize>i * ROW, least(NR, H - j * NR));
      }
    }
  }
}
