// One sequence: what JavaScript writes at the start of a frame, and the tables that lie behind it in the frame.
import { Factor, NR, Panels, PARTS, Part } from './gemm';
import { ceilDiv, copy, fill, setWord, word } from './memory';

// @ts-ignore: decorator
@unmanaged
export class Call {
  // sizes and options, as the package bytecode orders them
  B: i32;
  T: i32;
  I: i32;
  H: i32;
  ids: i32;
  reverse: i32;
  padHold: i32;
  record: i32;
  probe: i32;
  drop: i32;
  dropPerStep: i32;
  dropKey: u32;
  zone: i32;
  zoneKey: u32;
  // addresses
  plan: usize; // words
  constants: usize; // [constantCount]
  constantCount: i32;
  rates: usize; // float64: of the operand's dropout, then by state
  inputs: usize; // list: x W R b mask dropMask …vectors …state0 …holds; 0 is absent
  outputs: usize; // list: y …last
  cotangents: usize; // list: dy …dlast
  gradients: usize; // list: dx dA dW dR db …dvectors …dstate0 dprobe
  history: usize;
  scratch: usize;
}

const MAX_STATES: i32 = 16;
const MAX_GATES: i32 = 32;
const MAX_VECTORS: i32 = 32;
export const MAX_INDEX: i32 = 64;
const MAX_SAVED: i32 = 64;
const KINDS: i32 = 13;

const CALL: usize = 24 * 4;
/** Tables of the frame, by their distance from its start. */
export const PANELS_W: usize = CALL;
export const PANELS_R: usize = PANELS_W + offsetof<Panels>();
export const PARTS_AT: usize = PANELS_R + offsetof<Panels>();
export const FACTORS: usize = PARTS_AT + <usize>PARTS * offsetof<Part>();
export const PLACES: usize = FACTORS + <usize>MAX_GATES * offsetof<Factor>();
const RINGS: usize = PLACES + <usize>(KINDS * MAX_INDEX) * 4;
/** Planes by gate, vector, state: lists of addresses. */
export const GATES: usize = RINGS + <usize>(MAX_STATES + MAX_SAVED + 2) * 8;
export const DW: usize = GATES + <usize>MAX_GATES * 4;
export const D: usize = DW + <usize>MAX_VECTORS * 4;
export const PREV: usize = D + <usize>MAX_STATES * 4;
export const NEXT: usize = PREV + <usize>MAX_STATES * 4;
export const PASS: usize = NEXT + <usize>MAX_STATES * 4;
export const EXPORTED: usize = PASS + <usize>MAX_STATES * 4;
export const PANELS_DA: usize = EXPORTED + <usize>MAX_INDEX * 4;
export const STRIPS: usize = PANELS_DA + <usize>MAX_GATES * 4;
const FRAME: usize = STRIPS + 3 * 16;

// @ts-ignore: decorator
@inline
export function table(call: Call, at: usize): usize {
  return changetype<usize>(call) + at;
}

/** The plan's words: S G V registers saved exports operand, four lengths; gates (w, r, fed); kept; instructions. */
// @ts-ignore: decorator
@unmanaged
export class Plan {
  S: i32;
  G: i32;
  V: i32;
  registers: i32;
  saved: i32;
  exports: i32;
  operand: i32;
  operandForward: i32;
  forward: i32;
  backward: i32;
  operandBackward: i32;
}
// @ts-ignore: decorator
@inline
export function planOf(call: Call): Plan {
  return changetype<Plan>(call.plan);
}
/** Block of W that gate g reads; −1: none. */
export function blockW(call: Call, g: i32): i32 {
  return load<i32>(call.plan + offsetof<Plan>() + <usize>g * 12);
}
/** Block of R, likewise. */
export function blockR(call: Call, g: i32): i32 {
  return load<i32>(call.plan + offsetof<Plan>() + <usize>g * 12, 4);
}
/** R multiplies u for this gate, instead of h. */
export function isFed(call: Call, g: i32): bool {
  return load<i32>(call.plan + offsetof<Plan>() + <usize>g * 12, 8) != 0;
}
function isKept(call: Call, k: i32): bool {
  return load<i32>(call.plan + offsetof<Plan>() + <usize>planOf(call).G * 12 + (<usize>k << 2)) != 0;
}
export function codeOf(call: Call): usize {
  const p = planOf(call);
  return call.plan + offsetof<Plan>() + <usize>p.G * 12 + (<usize>p.S << 2);
}
export function blocksW(call: Call): i32 {
  let n = 0;
  for (let g = 0; g < planOf(call).G; g++) n += i32(blockW(call, g) >= 0);
  return n;
}
export function blocksR(call: Call): i32 {
  let n = 0;
  for (let g = 0; g < planOf(call).G; g++) n += i32(blockR(call, g) >= 0);
  return n;
}
/** Some gate reads R through h, or through u when `fed`. */
export function reads(call: Call, fed: bool): bool {
  for (let g = 0; g < planOf(call).G; g++) {
    if (blockR(call, g) >= 0 && isFed(call, g) == fed) return true;
  }
  return false;
}

export function input(call: Call, k: i32): usize {
  return word(call.inputs, k);
}
export function vectorInput(call: Call, v: i32): usize {
  return word(call.inputs, 6 + v);
}
export function stateInput(call: Call, k: i32): usize {
  return word(call.inputs, 6 + planOf(call).V + k);
}
export function holdsInput(call: Call, k: i32): usize {
  const p = planOf(call);
  return word(call.inputs, 6 + p.V + p.S + k);
}
export function rate(call: Call, k: i32): f64 {
  return load<f64>(call.rates + (<usize>k << 3));
}
export function zoneHolds(call: Call, k: i32): bool {
  if (call.zone == ZONE_NONE) return false;
  return call.zone == ZONE_MASK ? holdsInput(call, k) != 0 : rate(call, 1 + k) > 0;
}
export const DROP_NONE: i32 = 0;
export const DROP_MASK: i32 = 2;
const ZONE_NONE: i32 = 0;
export const ZONE_EXPECT: i32 = 2;
export const ZONE_MASK: i32 = 3;

/** The time step that is done n-th. */
export function time(call: Call, n: i32): i32 {
  return call.reverse ? call.T - 1 - n : n;
}
/** Whether step t of a row is real: not masked. */
export function real(call: Call, row: i32, t: i32): bool {
  const mask = input(call, 4);
  return mask == 0 || load<u8>(mask + <usize>row * call.T + t) != 0;
}

/** H rounded up to whole panels: the width of every plane. */
export function widthOf(call: Call): i32 {
  return ceilDiv(call.H, NR) * NR;
}
/** Bytes of a plane [B,Hp]. */
export function planeOf(call: Call): usize {
  return <usize>call.B * widthOf(call) * 4;
}
/** Rows [m,H] of a tensor with rows of `stride` bytes → plane; padding zero; an address of 0 is zeros. */
export function toPlane(from: usize, stride: usize, m: i32, H: i32, Hp: i32, plane: usize): void {
  for (let r = 0; r < m; r++, plane += <usize>Hp << 2, from += stride) {
    if (stride != 0) copy(plane, from, H);
    else fill(plane, 0, H);
    fill(plane + (<usize>H << 2), 0, Hp - H);
  }
}
export function fromPlane(plane: usize, Hp: i32, m: i32, H: i32, to: usize, stride: usize): void {
  for (let r = 0; r < m; r++, plane += <usize>Hp << 2, to += stride) copy(to, plane, H);
}

// What forward writes and, when recording, backward reads: planes by step; what backward does not read keeps only the
// last few.

/** State k before step n; n + 1: after it. */
export function stateAt(call: Call, k: i32, n: i32): usize {
  return ringAt(call, k, n);
}
export function savedAt(call: Call, f: i32, n: i32): usize {
  return ringAt(call, MAX_STATES + f, n);
}
/** h_{t-1} after its dropout. */
export function droppedAt(call: Call, n: i32): usize {
  return ringAt(call, MAX_STATES + MAX_SAVED, n);
}
/** The operand after its dropout. */
export function operandAt(call: Call, n: i32): usize {
  return ringAt(call, MAX_STATES + MAX_SAVED + 1, n);
}
function ringAt(call: Call, ring: i32, n: i32): usize {
  const entry = table(call, RINGS) + (<usize>ring << 3);
  return load<usize>(entry) + <usize>(n % load<i32>(entry, 4)) * planeOf(call);
}

let planes: u64 = 0;
function layRing(call: Call, ring: i32, depth: i32): void {
  const entry = table(call, RINGS) + (<usize>ring << 3);
  store<usize>(entry, call.history + <usize>planes * planeOf(call));
  store<i32>(entry, depth, 4);
  planes += depth;
}
/** Lays out the history from `call.history` on; gives its bytes. */
export function layHistory(call: Call): f64 {
  const p = planOf(call);
  const all = call.record ? call.T : 1;
  planes = 0;
  for (let k = 0; k < p.S; k++) layRing(call, k, call.record && isKept(call, k) ? call.T + 1 : 2);
  for (let f = 0; f < p.saved; f++) layRing(call, MAX_STATES + f, all);
  layRing(call, MAX_STATES + MAX_SAVED, call.drop != DROP_NONE && reads(call, false) ? all : 0);
  layRing(call, MAX_STATES + MAX_SAVED + 1, p.operand ? all : 0);
  return <f64>planes * <f64>call.B * <f64>widthOf(call) * 4;
}

/** Which row and step has an id outside [0, I): row·T + t, or −1. */
export function badId(call: Call): i32 {
  const ids = input(call, 0);
  for (let row = 0, at = 0; row < call.B; row++) {
    for (let t = 0; t < call.T; t++, at++) {
      const id = load<i32>(ids + (<usize>at << 2));
      if ((id < 0 || id >= call.I) && real(call, row, t)) return at;
    }
  }
  return -1;
}
export function idAt(call: Call, row: i32, t: i32): i32 {
  return load<i32>(input(call, 0) + ((<usize>row * call.T + t) << 2));
}
/** Bytes that a frame takes. */
export function frameBytes(): usize {
  return FRAME;
}
export function place(call: Call, kind: i32, index: i32, at: usize): void {
  setWord(table(call, PLACES), kind * MAX_INDEX + index, at);
}
