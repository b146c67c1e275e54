import { type As, type Head, headOf, inputsOf } from '@gatewise/bytecode';
import { GatewiseError } from '@gatewise/core';
import { peek, reusedArray } from '@gatewise/kernels';
import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Home } from './home.js';

/** A result: its address, and the tensor of it once it is filled. */
export interface Output {
  readonly at: number;
  tensor(): tf.Tensor;
}

/** Words of the call behind its shape, as in assembly/call.ts. */
const FIELD = {
  plan: 14,
  constants: 15,
  constantCount: 16,
  rates: 17,
  inputs: 18,
  outputs: 19,
  cotangents: 20,
  gradients: 21,
  history: 22,
  scratch: 23,
} as const;

/** The memory of one call: what it takes is given back at its end. */
export class Session {
  /** Address of the call. */
  readonly call: number;
  readonly #taken: number[] = [];
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
    this.call = this.take(home.exports.frameBytes());
  }
  take(bytes: number): number {
    const at = this.#home.heap.take(bytes);
    this.#taken.push(at);
    return at;
  }
  end(): void {
    for (const at of this.#taken) this.#home.heap.give(at);
    this.#taken.length = 0;
  }

  /** Writes the request and the addresses of its inputs. */
  begin(request: RecurRequest, tensors: RecurTensors): void {
    const { words, constants, shape, rates }: Head = headOf(request);
    this.set('inputs', this.list(inputsOf(request, tensors, (t, as) => this.input(t, as))));
    this.set('plan', this.put(words));
    this.set('constants', this.put(constants));
    this.set('constantCount', constants.length);
    this.set('rates', this.put(rates));
    new Int32Array(this.#home.heap.buffer, this.call, shape.length).set(shape);
    if (request.ids) this.#checkIds(request);
  }
  set(field: keyof typeof FIELD, value: number): void {
    new Uint32Array(this.#home.heap.buffer, this.call + 4 * FIELD[field], 1)[0] = value;
  }
  /** Addresses; absent is 0. */
  list(addresses: readonly (number | null)[]): number {
    return this.put(Uint32Array.from(addresses, (at) => at ?? 0));
  }
  put(values: Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array): number {
    const at = this.take(values.byteLength);
    const from = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(this.#home.heap.buffer, at, values.byteLength).set(from);
    return at;
  }
  /** Where a tensor's values lie, as floats, ids (int32) or truth (bytes). */
  input(tensor: tf.Tensor, as: As): number {
    const fits = { floats: 'float32', ids: 'int32', truth: 'bool' }[as] === tensor.dtype;
    const at = fits ? this.#home.address(tensor) : null;
    if (at !== null) return at;
    const values = peek(tensor);
    if (as === 'truth') {
      return this.put(
        values instanceof Uint8Array ? values : Uint8Array.from(values, (v) => (v === 0 ? 0 : 1)),
      );
    }
    if (as === 'ids') return this.put(values as Int32Array);
    return this.put(values instanceof Float32Array ? values : Float32Array.from(values));
  }
  output(...shape: number[]): Output {
    const { place, heap } = this.#home;
    if (place) {
      const { tensor, at } = place(shape);
      return { at, tensor: () => tensor };
    }
    const length = shape.reduce((n, d) => n * d, 1);
    const at = this.take(length * Float32Array.BYTES_PER_ELEMENT);
    const values = () => {
      const array = reusedArray(length, (n) => new Float32Array(n));
      array.set(new Float32Array(heap.buffer as ArrayBuffer, at, length));
      return array;
    };
    return { at, tensor: () => tf.tensor(values(), shape, 'float32') };
  }

  #checkIds({ T, I }: RecurRequest): void {
    const at = this.#home.exports.badId(this.call);
    if (at < 0) return;
    throw new GatewiseError(
      'GW_ENGINE_IDS',
      `got an id outside 0 to ${I - 1} at row ${Math.floor(at / T)}, step ${at % T}, wanted a row of W; likely fix: as many rows in W as there are ids`,
    );
  }
}
