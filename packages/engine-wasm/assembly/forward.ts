// The batch through all time steps.
import {
  blockR,
  blocksR,
  blocksW,
  blockW,
  Call,
  DROP_NONE,
  droppedAt,
  EXPORTED,
  FACTORS,
  fromPlane,
  GATES,
  idAt,
  input,
  isFed,
  layHistory,
  operandAt,
  PANELS_R,
  PANELS_W,
  PARTS_AT,
  place,
  planeOf,
  planOf,
  rate,
  reads,
  real,
  savedAt,
  stateAt,
  stateInput,
  table,
  time,
  toPlane,
  widthOf,
  ZONE_EXPECT,
  zoneHolds,
} from './call';
import { dropChanges, dropPlane, holdRow } from './draw';
import { NR, Panels, products, setFactor } from './gemm';
import { add, arenaBytes, copy, fill, setWord, startArena, take, word } from './memory';
import { layPanels, packPanels } from './pack';
import { Kind, layVm, runStage, startVm } from './vm';

/** Up to this many rows over all steps, packing would cost more than it saves. */
const FEW_ROWS: u64 = 8;

let bias: usize = 0; // [G,Hp]
let drop: usize = 0; // [B,Hp]
let lanes: usize = 0; // [Hp]

/** W's matrix, or 0 where its rows are gathered by id. */
function matrixW(call: Call): usize {
  return call.ids ? 0 : input(call, 1);
}

function layForward(call: Call): void {
  const p = planOf(call);
  const H = call.H;
  const plane = <u64>call.B * widthOf(call);
  const inPlace = <u64>call.B * call.T <= FEW_ROWS;
  const w = blocksW(call);
  const r = blocksR(call);
  layPanels(changetype<Panels>(table(call, PANELS_W)), matrixW(call), w, call.I, H, w * H, inPlace);
  layPanels(changetype<Panels>(table(call, PANELS_R)), input(call, 2), r, H, H, r * H, inPlace);
  bias = take(<u64>p.G * widthOf(call));
  layVm(call);
  for (let g = 0; g < p.G; g++) setWord(table(call, GATES), g, take(plane));
  for (let e = 0; e < p.exports; e++) setWord(table(call, EXPORTED), e, take(plane));
  drop = take(plane);
  lanes = take(widthOf(call));
}

/** Bytes that `forward` needs at `call.scratch`. */
export function forwardScratch(call: Call): f64 {
  startArena(0);
  layForward(call);
  return arenaBytes();
}
/** Bytes that one sequence keeps at `call.history`: what backward reads of forward. */
export function historyBytes(call: Call): f64 {
  return layHistory(call);
}

export function forward(call: Call): void {
  const p = planOf(call);
  const H = call.H;
  const Hp = widthOf(call);
  layHistory(call);
  startArena(call.scratch);
  layForward(call);
  packPanels(changetype<Panels>(table(call, PANELS_W)), matrixW(call), blocksW(call), false);
  packPanels(changetype<Panels>(table(call, PANELS_R)), input(call, 2), blocksR(call), false);
  toPlane(input(call, 3), <usize>H << 2, p.G, H, Hp, bias);
  startVm(call);
  for (let g = 0; g < p.G; g++) place(call, Kind.GATE, g, word(table(call, GATES), g));
  for (let e = 0; e < p.exports; e++) place(call, Kind.EXPORT, e, word(table(call, EXPORTED), e));
  for (let k = 0; k < p.S; k++) {
    const s0 = stateInput(call, k);
    toPlane(s0, s0 != 0 ? <usize>H << 2 : 0, call.B, H, Hp, stateAt(call, k, 0));
  }
  for (let n = 0; n < call.T; n++) step(call, n);
  for (let k = 0; k < p.S; k++) {
    fromPlane(stateAt(call, k, call.T), Hp, call.B, H, word(call.outputs, 1 + k), <usize>H << 2);
  }
}

function step(call: Call, n: i32): void {
  const p = planOf(call);
  const t = time(call, n);
  const dropped = call.drop != DROP_NONE;
  for (let k = 0; k < p.S; k++) {
    place(call, Kind.STATE, k, stateAt(call, k, n));
    place(call, Kind.NEXT, k, stateAt(call, k, n + 1));
  }
  for (let f = 0; f < p.saved; f++) place(call, Kind.SAVED, f, savedAt(call, f, n));
  if (dropped && dropChanges(call, n, 0)) dropPlane(call, t, drop);
  let h = stateAt(call, 0, n);
  if (dropped && reads(call, false)) {
    multiply(h, drop, planeOf(call), droppedAt(call, n));
    h = droppedAt(call, n);
  }
  preActivations(call, t, h, false);
  if (p.operand) {
    const u = operandAt(call, n);
    place(call, Kind.U, 0, u);
    runStage(call, 0, p.operandForward);
    if (dropped) multiply(u, drop, planeOf(call), u);
    preActivations(call, t, u, true);
  }
  runStage(call, p.operandForward, p.forward);
  hold(call, n, t);
  output(call, n, t);
}

/** d ← a ⊗ b over whole planes */
export function multiply(a: usize, b: usize, bytes: usize, d: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(d + i, f32x4.mul(v128.load(a + i), v128.load(b + i)));
}

/** a = x_t W + b + v R for the gates that wait for u (fed), or for the others. v [B,Hp] */
function preActivations(call: Call, t: i32, v: usize, fed: bool): void {
  const Hp = widthOf(call);
  const factors = table(call, FACTORS);
  for (let g = 0; g < planOf(call).G; g++) {
    if (isFed(call, g) != fed) continue;
    const w = blockW(call, g);
    const r = blockR(call, g);
    const a = word(table(call, GATES), g);
    let n = 0;
    if (w >= 0 && !call.ids && call.I > 0) {
      const row = <usize>call.I << 2;
      const panels = changetype<Panels>(table(call, PANELS_W));
      setFactor(factors, n++, input(call, 0) + <usize>t * row, <usize>call.T * row, panels, w);
    }
    if (r >= 0) setFactor(factors, n++, v, <usize>Hp << 2, changetype<Panels>(table(call, PANELS_R)), r);
    const fills = (w >= 0 && call.ids) || n == 0;
    if (fills) fillBias(call, t, g, a);
    const b: usize = fills ? 0 : bias + <usize>g * Hp * 4;
    if (n > 0) products(call.B, Hp / NR, factors, n, b, a, <usize>Hp << 2, table(call, PARTS_AT));
  }
}

/** a = b, for ids plus a row of W. */
function fillBias(call: Call, t: i32, g: i32, a: usize): void {
  const H = call.H;
  const Hp = widthOf(call);
  const w = call.ids ? blockW(call, g) : -1;
  const cols = <usize>blocksW(call) * H;
  for (let r = 0; r < call.B; r++, a += <usize>Hp << 2) {
    copy(a, bias + <usize>g * Hp * 4, Hp);
    if (w < 0 || !real(call, r, t)) continue;
    add(a, input(call, 1) + (<usize>idAt(call, r, t) * cols + <usize>w * H) * 4, H);
  }
}

/** Zoneout, then masked rows: what holds is s_{t-1}, by selection. */
function hold(call: Call, n: i32, t: i32): void {
  const Hp = widthOf(call);
  for (let k = 0; k < planOf(call).S; k++) {
    const prev = stateAt(call, k, n);
    const next = stateAt(call, k, n + 1);
    if (zoneHolds(call, k)) zoneHold(call, k, t, prev, next);
    if (input(call, 4) == 0) continue;
    for (let r = 0; r < call.B; r++) {
      if (real(call, r, t)) continue;
      const at = <usize>r * Hp * 4;
      copy(next + at, prev + at, Hp);
    }
  }
}

function zoneHold(call: Call, k: i32, t: i32, prev: usize, next: usize): void {
  const row = <usize>widthOf(call) << 2;
  if (call.zone == ZONE_EXPECT) {
    // ρ s_{t-1} + (1 − ρ) s_t
    const rho = f32x4.splat(<f32>rate(call, 1 + k));
    const rest = f32x4.splat(<f32>(1 - rate(call, 1 + k)));
    for (let i: usize = 0; i < planeOf(call); i += 16) {
      const held = f32x4.mul(v128.load(prev + i), rho);
      v128.store(next + i, f32x4.add(held, f32x4.mul(v128.load(next + i), rest)));
    }
    return;
  }
  for (let r = 0; r < call.B; r++, prev += row, next += row) {
    holdRow(call, k, t, r, lanes);
    for (let i: usize = 0; i < row; i += 16) {
      v128.store(next + i, v128.bitselect(v128.load(prev + i), v128.load(next + i), v128.load(lanes + i)));
    }
  }
}

function output(call: Call, n: i32, t: i32): void {
  const H = call.H;
  let h = stateAt(call, 0, n + 1);
  let y = word(call.outputs, 0) + <usize>t * H * 4;
  for (let r = 0; r < call.B; r++, h += <usize>widthOf(call) << 2, y += <usize>call.T * H * 4) {
    if (call.padHold || real(call, r, t)) copy(y, h, H);
    else fill(y, 0, H);
  }
}
