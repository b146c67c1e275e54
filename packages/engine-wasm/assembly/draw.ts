// The counter hash of core's random.ts, and the masks that are drawn by it: lanes of ones where a unit is drawn.
import {
  Call,
  DROP_MASK,
  holdsInput,
  input,
  rate,
  widthOf,
  ZONE_MASK,
} from './call';
import { copy, fill } from './memory';

/** Wellons, "lowbias32", 2018 */
// @ts-ignore: decorator
@inline
function mix(x: u32): u32 {
  x = (x ^ (x >> 16)) * 0x21f0aaad;
  x = (x ^ (x >> 15)) * 0x735a2d97;
  return x ^ (x >> 15);
}
function foldKey(k: u32, n: u32): u32 {
  return mix(k * 0x9e3779b1 + n + 1);
}

/** u < rate·2³² as u ≤ limit, for 0 < rate < 1. */
function limitOf(rate: f64): u32 {
  const bound = rate * 4294967296.0;
  const below = <u64>bound;
  return <u32>(<f64>below == bound ? below - 1 : below);
}

/** foldKey(k, j) of four j, n = k·0x9e3779b1 + 1 + j. */
// @ts-ignore: decorator
@inline
function mixFour(n: v128): v128 {
  let x = i32x4.mul(v128.xor(n, i32x4.shr_u(n, 16)), i32x4.splat(0x21f0aaad));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(x, i32x4.shr_u(x, 15));
}
// @ts-ignore: decorator
@inline
function firstFour(k: u32): v128 {
  return i32x4.add(i32x4.splat(k * 0x9e3779b1 + 1), i32x4(0, 1, 2, 3));
}

/** Steps t… of one row, x [steps, units] ← x ⊗ m, m = 0 where a unit is drawn, else 1 / (1 − rate). */
export function dropout(key: u32, rate: f64, row: i32, t: i32, steps: i32, units: i32, x: usize): void {
  const limit = limitOf(rate);
  const scale = <f32>(1 / (1 - rate));
  const limits = i32x4.splat(limit);
  const scales = f32x4.splat(scale);
  for (const end = t + steps; t < end; t++) {
    const k = foldKey(foldKey(key, t), row);
    let n = firstFour(k);
    let j = 0;
    for (; j + 4 <= units; j += 4, x += 16) {
      // a product, not a choice: what is no number stays none
      const m = v128.andnot(scales, i32x4.le_u(mixFour(n), limits));
      v128.store(x, f32x4.mul(v128.load(x), m));
      n = i32x4.add(n, i32x4.splat(4));
    }
    for (; j < units; j++, x += 4) {
      f32.store(x, f32.load(x) * (foldKey(k, j) <= limit ? <f32>0 : scale));
    }
  }
}

/** lanes[j] ← ones where unit j of this row and step is drawn, j < Hp. */
function drawRow(key: u32, t: i32, row: i32, rate: f64, Hp: i32, lanes: usize): void {
  const k = foldKey(foldKey(key, t), row);
  const limit = i32x4.splat(limitOf(rate));
  let n = firstFour(k);
  for (const end = lanes + (<usize>Hp << 2); lanes < end; lanes += 16) {
    v128.store(lanes, i32x4.le_u(mixFour(n), limit));
    n = i32x4.add(n, i32x4.splat(4));
  }
}

export function dropChanges(call: Call, n: i32, first: i32): bool {
  return n == first || call.dropPerStep != 0;
}

/** The multiplier of R's operand at step t → plane [B,Hp]. */
export function dropPlane(call: Call, t: i32, plane: usize): void {
  const H = call.H;
  const Hp = widthOf(call);
  const perStep = call.dropPerStep != 0;
  const scale = f32x4.splat(<f32>(1 / (1 - rate(call, 0))));
  for (let r = 0; r < call.B; r++) {
    const row = plane + <usize>r * Hp * 4;
    if (call.drop == DROP_MASK) {
      const at = perStep ? <usize>r * call.T + t : <usize>r;
      copy(row, input(call, 5) + at * H * 4, H);
      fill(row + (<usize>H << 2), 0, Hp - H);
      continue;
    }
    drawRow(call.dropKey, perStep ? t : 0, r, rate(call, 0), Hp, row);
    for (let at = row; at < row + (<usize>Hp << 2); at += 16) {
      v128.store(at, v128.andnot(scale, v128.load(at)));
    }
  }
}

/** lanes[j] ← ones where unit j of state k holds at step t in a row: drawn, or the given mask. */
export function holdRow(call: Call, k: i32, t: i32, row: i32, lanes: usize): void {
  const Hp = widthOf(call);
  if (call.zone != ZONE_MASK) {
    drawRow(foldKey(call.zoneKey, k), t, row, rate(call, 1 + k), Hp, lanes);
    return;
  }
  const from = holdsInput(call, k) + (<usize>row * call.T + t) * call.H;
  for (let j = 0; j < Hp; j++) {
    const holds = j < call.H && load<u8>(from + j) != 0;
    store<i32>(lanes + (<usize>j << 2), holds ? -1 : 0);
  }
}
