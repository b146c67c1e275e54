// Runs a stage of the plan over planes [m,Hp], a chunk of whole rows at a time (or of a part of one long row).
import { Call, codeOf, MAX_INDEX, PLACES, place, planOf, table, vectorInput, widthOf } from './call';
import { constants as mathConstants, logistic, madd, nmadd, relu, step, tanh } from './math';
import { copy, fill, least, most, take, word } from './memory';

const CHUNK: i32 = 512;
/** What an instruction reads and writes, by the numbers of the package bytecode. */
export namespace Kind {
  // @ts-ignore: decorator
  @inline export const REGISTER: i32 = 0;
  // @ts-ignore: decorator
  @inline export const CONSTANT: i32 = 1;
  // @ts-ignore: decorator
  @inline export const VECTOR: i32 = 2;
  // @ts-ignore: decorator
  @inline export const GATE: i32 = 3;
  // @ts-ignore: decorator
  @inline export const STATE: i32 = 4;
  // @ts-ignore: decorator
  @inline export const NEXT: i32 = 5;
  // @ts-ignore: decorator
  @inline export const SAVED: i32 = 6;
  // @ts-ignore: decorator
  @inline export const EXPORT: i32 = 7;
  // @ts-ignore: decorator
  @inline export const U: i32 = 8;
  // @ts-ignore: decorator
  @inline export const DSTATE: i32 = 9;
  // @ts-ignore: decorator
  @inline export const PREVIOUS: i32 = 10;
  // @ts-ignore: decorator
  @inline export const DVECTOR: i32 = 11;
  // @ts-ignore: decorator
  @inline export const DU: i32 = 12;
}

/** A slot: its address, and which of the chunk's offsets move it. */
// @ts-ignore: decorator
@unmanaged
class Place {
  at: usize;
  moves: usize; // all ones: with the chunk
  column: usize; // all ones: with the chunk's first column
}
/** op, then d, a, b, c */
const BOUND: usize = 4 + 4 * 12;

let bound: usize = 0;
let registers: usize = 0;
let constants: usize = 0;
let vectors: usize = 0;

/** Takes the machine's memory from the arena. */
export function layVm(call: Call): void {
  const p = planOf(call);
  const longest = most(most(p.operandForward, p.forward), most(p.backward, p.operandBackward));
  bound = take((<u64>longest * BOUND) / 4);
  registers = take(<u64>p.registers * CHUNK);
  constants = take(<u64>call.constantCount * CHUNK);
  vectors = take(<u64>p.V * most(widthOf(call), CHUNK));
}

/** Registers, constants and vectors, once the memory is there. */
export function startVm(call: Call): void {
  const p = planOf(call);
  const H = call.H;
  const Hp = widthOf(call);
  for (let r = 0; r < p.registers; r++) place(call, Kind.REGISTER, r, registers + <usize>r * CHUNK * 4);
  for (let k = 0; k < call.constantCount; k++) {
    const at = constants + <usize>k * CHUNK * 4;
    fill(at, load<f32>(call.constants + (<usize>k << 2)), CHUNK);
    place(call, Kind.CONSTANT, k, at);
  }
  for (let v = 0; v < p.V; v++) {
    const at = vectors + <usize>v * most(Hp, CHUNK) * 4;
    fill(at, 0, most(Hp, CHUNK));
    // the vector [H], again and again
    let c = 0;
    do copy(at + (<usize>c << 2), vectorInput(call, v), H);
    while ((c += Hp) <= CHUNK - Hp);
    place(call, Kind.VECTOR, v, at);
  }
}

/** Runs the stage that begins at instruction `first`. */
export function runStage(call: Call, first: i32, length: i32): void {
  if (length == 0) return;
  bind(call, codeOf(call) + <usize>first * 20, length);
  const Hp = widthOf(call);
  const rows = CHUNK / Hp;
  if (rows > 0) {
    for (let r = 0; r < call.B; r += rows) {
      chunk(length, <usize>least(rows, call.B - r) * Hp * 4, <usize>r * Hp * 4, 0);
    }
    return;
  }
  for (let r = 0; r < call.B; r++) {
    for (let k = 0; k < Hp; k += CHUNK) {
      chunk(length, <usize>least(CHUNK, Hp - k) << 2, (<usize>r * Hp + k) * 4, <usize>k << 2);
    }
  }
}

function bind(call: Call, code: usize, length: i32): void {
  const places = table(call, PLACES);
  for (let i = 0, to = bound; i < length; i++, to += BOUND, code += 20) {
    store<i32>(to, load<i32>(code));
    for (let s = 0; s < 4; s++) {
      const slot = load<i32>(code + (<usize>s << 2), 4);
      const kind = slot >> 16;
      const p = changetype<Place>(to + 4 + <usize>s * offsetof<Place>());
      p.at = word(places, kind * MAX_INDEX + (slot & 0xffff));
      p.moves = kind > Kind.VECTOR ? <usize>-1 : 0;
      p.column = kind == Kind.VECTOR ? <usize>-1 : 0;
    }
  }
}

function chunk(length: i32, bytes: usize, offset: usize, column: usize): void {
  for (let i = 0, at = bound; i < length; i++, at += BOUND) {
    execute(
      load<i32>(at),
      bytes,
      inChunk(changetype<Place>(at + 4), offset, column),
      inChunk(changetype<Place>(at + 16), offset, column),
      inChunk(changetype<Place>(at + 28), offset, column),
      inChunk(changetype<Place>(at + 40), offset, column),
    );
  }
}
// @ts-ignore: decorator
@inline
function inChunk(p: Place, offset: usize, column: usize): usize {
  return p.at + (p.moves & offset) + (p.column & column);
}

/** d[n] ← op(a[n], b[n], c[n]) over a multiple of 4 floats. */
function execute(op: i32, bytes: usize, d: usize, a: usize, b: usize, c: usize): void {
  const end = d + bytes;
  const K = mathConstants;
  switch (op) {
    case 0: // MOV
      for (; d < end; d += 16, a += 16) v128.store(d, v128.load(a));
      return;
    case 1: // ZERO
      for (; d < end; d += 16) v128.store(d, f32x4.splat(0));
      return;
    case 2: // ADD
      for (; d < end; d += 16, a += 16, b += 16) {
        v128.store(d, f32x4.add(v128.load(a), v128.load(b)));
      }
      return;
    case 3: // SUB
      for (; d < end; d += 16, a += 16, b += 16) {
        v128.store(d, f32x4.sub(v128.load(a), v128.load(b)));
      }
      return;
    case 4: // MUL
      for (; d < end; d += 16, a += 16, b += 16) {
        v128.store(d, f32x4.mul(v128.load(a), v128.load(b)));
      }
      return;
    case 5: // NEG
      for (; d < end; d += 16, a += 16) v128.store(d, f32x4.neg(v128.load(a)));
      return;
    case 6: // SIGMOID
      for (; d < end; d += 16, a += 16) v128.store(d, logistic(K, v128.load(a)));
      return;
    case 7: // TANH
      for (; d < end; d += 16, a += 16) v128.store(d, tanh(K, v128.load(a)));
      return;
    case 8: // RELU
      for (; d < end; d += 16, a += 16) v128.store(d, relu(v128.load(a)));
      return;
    case 9: // STEP
      for (; d < end; d += 16, a += 16) v128.store(d, step(v128.load(a)));
      return;
    case 10: // MAD: a b + c
      for (; d < end; d += 16, a += 16, b += 16, c += 16) {
        v128.store(d, madd(v128.load(a), v128.load(b), v128.load(c)));
      }
      return;
    case 11: // NMAD: c − a b
      for (; d < end; d += 16, a += 16, b += 16, c += 16) {
        v128.store(d, nmadd(v128.load(a), v128.load(b), v128.load(c)));
      }
      return;
    default:
      return;
  }
}
