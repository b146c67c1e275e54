// Memory is the caller's: no allocation, no data of the module's own. Sizes are counted in 64 bits, so that none wraps.

let base: usize = 0;
let used: u64 = 0;

/** Starts to hand out pieces from `at`; 0 only counts. */
export function startArena(at: usize): void {
  base = at;
  used = 0;
}
/** A piece of n floats, on a cache line. */
export function take(n: u64): usize {
  const at = base + <usize>used;
  used += (n * 4 + 63) & ~(<u64>63);
  return at;
}
/** Bytes handed out since the start. */
export function arenaBytes(): f64 {
  return <f64>used;
}

export function ceilDiv(n: i32, by: i32): i32 {
  return (n + by - 1) / by;
}
// @ts-ignore: decorator
@inline
export function least(a: i32, b: i32): i32 {
  return a < b ? a : b;
}
// @ts-ignore: decorator
@inline
export function most(a: i32, b: i32): i32 {
  return a > b ? a : b;
}
/** Entry k of a list of words. */
// @ts-ignore: decorator
@inline
export function word(list: usize, k: i32): usize {
  return load<usize>(list + (<usize>k << 2));
}
// @ts-ignore: decorator
@inline
export function setWord(list: usize, k: i32, value: usize): void {
  store<usize>(list + (<usize>k << 2), value);
}

/** to[n] ← from[n] */
export function copy(to: usize, from: usize, n: i32): void {
  for (; n >= 4; n -= 4, to += 16, from += 16) v128.store(to, v128.load(from));
  for (; n > 0; n--, to += 4, from += 4) store<f32>(to, load<f32>(from));
}
/** to[n] ← value */
export function fill(to: usize, value: f32, n: usize): void {
  const v = f32x4.splat(value);
  for (; n >= 4; n -= 4, to += 16) v128.store(to, v);
  for (; n > 0; n--, to += 4) store<f32>(to, value);
}
/** to[n] ← to + from */
export function add(to: usize, from: usize, n: i32): void {
  for (; n >= 4; n -= 4, to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  for (; n > 0; n--, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}
