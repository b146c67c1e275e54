// Backpropagation through time, t = T…1; the weights' gradients are gathered in chunks.
import {
  blockR,
  blocksR,
  blocksW,
  blockW,
  Call,
  D,
  DROP_NONE,
  DW,
  FACTORS,
  fromPlane,
  GATES,
  input,
  isFed,
  layHistory,
  NEXT,
  PANELS_R,
  PANELS_W,
  PARTS_AT,
  PASS,
  place,
  planeOf,
  planOf,
  PREV,
  rate,
  reads,
  real,
  savedAt,
  stateAt,
  table,
  time,
  toPlane,
  widthOf,
  ZONE_EXPECT,
  zoneHolds,
} from './call';
import { dropChanges, dropPlane, holdRow } from './draw';
import { multiply } from './forward';
import { NR, Panels, products, setFactor } from './gemm';
import { add, arenaBytes, ceilDiv, copy, fill, setWord, startArena, take, word } from './memory';
import { layPanels, packPanels } from './pack';
import { Kind, layVm, runStage, startVm } from './vm';
import { finishWeights, layWeights, startWeights, takeStep } from './weights';

let du: usize = 0; // [B,Hp]
let through: usize = 0; // [B,Hp]
let drop: usize = 0; // [B,Hp]
let dxRows: usize = 0; // [B,Ip]
let lanes: usize = 0; // [Hp]

function dxOf(call: Call): usize {
  return word(call.gradients, 0);
}
function widthX(call: Call): i32 {
  return ceilDiv(call.I, NR) * NR;
}
/** W's matrix, or 0 where no dX is asked for. */
function matrixW(call: Call): usize {
  return dxOf(call) != 0 ? input(call, 1) : 0;
}

function layBackward(call: Call): void {
  const p = planOf(call);
  const H = call.H;
  const plane = <u64>call.B * widthOf(call);
  const w = blocksW(call);
  const r = blocksR(call);
  layPanels(changetype<Panels>(table(call, PANELS_W)), matrixW(call), w, H, call.I, w * H, false);
  layPanels(changetype<Panels>(table(call, PANELS_R)), input(call, 2), r, H, H, r * H, false);
  layVm(call);
  layWeights(call);
  for (let k = 0; k < p.S; k++) {
    setWord(table(call, D), k, take(plane));
    setWord(table(call, PREV), k, take(plane));
    setWord(table(call, NEXT), k, take(zoneHolds(call, k) ? plane : 0));
    setWord(table(call, PASS), k, take(zoneHolds(call, k) ? plane : 0));
  }
  for (let g = 0; g < p.G; g++) setWord(table(call, GATES), g, take(plane));
  for (let v = 0; v < p.V; v++) setWord(table(call, DW), v, take(plane));
  du = take(plane);
  through = take(plane);
  drop = take(plane);
  dxRows = take(dxOf(call) != 0 ? <u64>call.B * widthX(call) : 0);
  lanes = take(widthOf(call));
}

/** Bytes that `backward` needs at `call.scratch`. */
export function backwardScratch(call: Call): f64 {
  startArena(0);
  layBackward(call);
  return arenaBytes();
}

export function backward(call: Call): void {
  const p = planOf(call);
  const H = call.H;
  const Hp = widthOf(call);
  layHistory(call);
  startArena(call.scratch);
  layBackward(call);
  packPanels(changetype<Panels>(table(call, PANELS_W)), matrixW(call), blocksW(call), true);
  packPanels(changetype<Panels>(table(call, PANELS_R)), input(call, 2), blocksR(call), true);
  startVm(call);
  startWeights(call);
  for (let g = 0; g < p.G; g++) place(call, Kind.GATE, g, word(table(call, GATES), g));
  for (let v = 0; v < p.V; v++) place(call, Kind.DVECTOR, v, word(table(call, DW), v));
  place(call, Kind.DU, 0, du);
  for (let k = 0; k < p.S; k++) {
    toPlane(word(call.cotangents, 1 + k), <usize>H << 2, call.B, H, Hp, word(table(call, D), k));
  }
  for (let n = call.T - 1; n >= 0; n--) step(call, n);
  finishWeights(call);
  for (let k = 0; k < p.S; k++) {
    const to = word(call.gradients, 5 + p.V + k);
    fromPlane(word(table(call, D), k), Hp, call.B, H, to, <usize>H << 2);
  }
}

function step(call: Call, n: i32): void {
  const p = planOf(call);
  const t = time(call, n);
  arrive(call, t);
  for (let k = 0; k < p.S; k++) {
    const holds = zoneHolds(call, k);
    if (holds) splitHold(call, k, t);
    place(call, Kind.DSTATE, k, word(table(call, holds ? NEXT : D), k));
    place(call, Kind.PREVIOUS, k, word(table(call, PREV), k));
    place(call, Kind.STATE, k, stateAt(call, k, n));
    place(call, Kind.NEXT, k, stateAt(call, k, n + 1));
  }
  for (let f = 0; f < p.saved; f++) place(call, Kind.SAVED, f, savedAt(call, f, n));
  if (call.drop != DROP_NONE && dropChanges(call, n, call.T - 1)) dropPlane(call, t, drop);
  const first = p.operandForward + p.forward;
  runStage(call, first, p.backward);
  if (p.operand && reads(call, true)) {
    // δu = δa R_uᵀ, then its share of δa and δs_{t-1}
    multiplyBack(call, true, du, false);
    runStage(call, first + p.backward, p.operandBackward);
  }
  // δh_{t-1} += δa R_hᵀ
  if (reads(call, false)) multiplyBack(call, false, word(table(call, PREV), 0), true);
  for (let k = 0; k < p.S; k++) {
    if (zoneHolds(call, k)) addPlane(call, word(table(call, PREV), k), word(table(call, PASS), k));
  }
  maskRows(call, t);
  inputGradient(call, t);
  takeStep(call, n);
  for (let k = 0; k < p.S; k++) {
    const old = word(table(call, D), k);
    setWord(table(call, D), k, word(table(call, PREV), k));
    setWord(table(call, PREV), k, old);
  }
}

/** δh_t += dY_t; the probe sees δs_t. */
function arrive(call: Call, t: i32): void {
  const p = planOf(call);
  const H = call.H;
  const row = <usize>widthOf(call) << 2;
  const dprobe = word(call.gradients, 5 + p.V + p.S);
  for (let r = 0; r < call.B; r++) {
    const at = <usize>r * call.T + t;
    if (call.padHold || real(call, r, t)) {
      add(word(table(call, D), 0) + <usize>r * row, word(call.cotangents, 0) + at * H * 4, H);
    }
    for (let k = 0; call.probe && k < p.S; k++) {
      copy(dprobe + (at * p.S + k) * H * 4, word(table(call, D), k) + <usize>r * row, H);
    }
  }
}

/** δs_t → what goes into the cell's backward (next), and what passes by it (pass). */
function splitHold(call: Call, k: i32, t: i32): void {
  const row = <usize>widthOf(call) << 2;
  const rho = f32x4.splat(<f32>rate(call, 1 + k));
  const rest = f32x4.splat(<f32>(1 - rate(call, 1 + k)));
  let all = word(table(call, D), k);
  let next = word(table(call, NEXT), k);
  let pass = word(table(call, PASS), k);
  for (let r = 0; r < call.B; r++, all += row, next += row, pass += row) {
    const expect = call.zone == ZONE_EXPECT;
    if (!expect) holdRow(call, k, t, r, lanes);
    for (let i: usize = 0; i < row; i += 16) {
      const d = v128.load(all + i);
      const held = v128.load(lanes + i);
      v128.store(next + i, expect ? f32x4.mul(d, rest) : v128.andnot(d, held));
      v128.store(pass + i, expect ? f32x4.mul(d, rho) : v128.and(d, held));
    }
  }
}
function addPlane(call: Call, to: usize, from: usize): void {
  add(to, from, call.B * widthOf(call));
}

/** out [B,Hp] (+)= δa Rᵀ ⊗ dropout over the gates that u feeds, or over the others that read h. */
function multiplyBack(call: Call, fed: bool, out: usize, adds: bool): void {
  const Hp = widthOf(call);
  const plane = planeOf(call);
  const dropped = call.drop != DROP_NONE;
  const factors = table(call, FACTORS);
  let n = 0;
  for (let g = 0; g < planOf(call).G; g++) {
    const r = blockR(call, g);
    if (r < 0 || isFed(call, g) != fed) continue;
    setFactor(factors, n++, word(table(call, GATES), g), <usize>Hp << 2, changetype<Panels>(table(call, PANELS_R)), r);
  }
  const to = dropped && adds ? through : out;
  if (to != out || !adds) fill(to, 0, plane >> 2);
  products(call.B, Hp / NR, factors, n, 0, to, <usize>Hp << 2, table(call, PARTS_AT));
  if (!dropped) return;
  multiply(to, drop, plane, to);
  if (adds) addPlane(call, out, to);
}

/** A masked row sends nothing into the cell; its gradient passes straight through. */
function maskRows(call: Call, t: i32): void {
  if (input(call, 4) == 0) return;
  const p = planOf(call);
  const Hp = widthOf(call);
  for (let r = 0; r < call.B; r++) {
    if (real(call, r, t)) continue;
    const at = <usize>r * Hp * 4;
    for (let g = 0; g < p.G; g++) fill(word(table(call, GATES), g) + at, 0, Hp);
    for (let v = 0; v < p.V; v++) fill(word(table(call, DW), v) + at, 0, Hp);
    for (let k = 0; k < p.S; k++) copy(word(table(call, PREV), k) + at, word(table(call, D), k) + at, Hp);
  }
}

/** dX_t = δa Wᵀ [B,I], or δa itself for later. */
function inputGradient(call: Call, t: i32): void {
  const H = call.H;
  const Hp = widthOf(call);
  const cols = <usize>blocksW(call) * H;
  const factors = table(call, FACTORS);
  const dA = word(call.gradients, 1);
  let n = 0;
  for (let g = 0; g < planOf(call).G; g++) {
    const w = blockW(call, g);
    if (w < 0) continue;
    const a = word(table(call, GATES), g);
    setFactor(factors, n++, a, <usize>Hp << 2, changetype<Panels>(table(call, PANELS_W)), w);
    if (dA == 0) continue;
    fromPlane(a, Hp, call.B, H, dA + (<usize>t * cols + <usize>w * H) * 4, <usize>call.T * cols * 4);
  }
  const dx = dxOf(call);
  if (dx == 0) return;
  const Ip = widthX(call);
  const row = <usize>call.I << 2;
  fill(dxRows, 0, <usize>call.B * Ip);
  products(call.B, Ip / NR, factors, n, 0, dxRows, <usize>Ip << 2, table(call, PARTS_AT));
  fromPlane(dxRows, Ip, call.B, call.I, dx + <usize>t * row, <usize>call.T * row);
}
