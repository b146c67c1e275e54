import type { Value } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const num = (b: Num | number) => (typeof b === 'number' ? b : b.v);
const dual = (b: Dual | number) => (typeof b === 'number' ? new Dual(b) : b);
const tensor = (b: TensorValue | number) => (typeof b === 'number' ? b : b.t);

/** A float64 number: the reference. */
export class Num implements Value<Num> {
  constructor(readonly v: number) {}
  add(b: Num | number) {
    return new Num(this.v + num(b));
  }
  sub(b: Num | number) {
    return new Num(this.v - num(b));
  }
  mul(b: Num | number) {
    return new Num(this.v * num(b));
  }
  neg() {
    return new Num(-this.v);
  }
  sigmoid() {
    return new Num(sigmoid(this.v));
  }
  tanh() {
    return new Num(Math.tanh(this.v));
  }
  relu() {
    return new Num(Math.max(this.v, 0));
  }
  step() {
    return new Num(this.v > 0 ? 1 : 0);
  }
}

/** A dual number v + d·ε: forward-mode derivatives, to hold a hand-written backward against its own forward. */
export class Dual implements Value<Dual> {
  constructor(
    readonly v: number,
    readonly d = 0,
  ) {}
  add(b: Dual | number) {
    return new Dual(this.v + dual(b).v, this.d + dual(b).d);
  }
  sub(b: Dual | number) {
    return new Dual(this.v - dual(b).v, this.d - dual(b).d);
  }
  mul(b: Dual | number) {
    return new Dual(this.v * dual(b).v, this.d * dual(b).v + this.v * dual(b).d);
  }
  neg() {
    return new Dual(-this.v, -this.d);
  }
  sigmoid() {
    const y = sigmoid(this.v);
    return new Dual(y, this.d * y * (1 - y));
  }
  tanh() {
    const y = Math.tanh(this.v);
    return new Dual(y, this.d * (1 - y * y));
  }
  relu() {
    return this.v > 0 ? new Dual(this.v, this.d) : new Dual(0);
  }
  step() {
    return new Dual(this.v > 0 ? 1 : 0);
  }
}

/** A tensor with the eight methods, each one tf.js op: what tf.js' own autodiff can follow. */
export class TensorValue implements Value<TensorValue> {
  constructor(readonly t: tf.Tensor) {}
  add(b: TensorValue | number) {
    return new TensorValue(tf.add(this.t, tensor(b)));
  }
  sub(b: TensorValue | number) {
    return new TensorValue(tf.sub(this.t, tensor(b)));
  }
  mul(b: TensorValue | number) {
    return new TensorValue(tf.mul(this.t, tensor(b)));
  }
  neg() {
    return new TensorValue(tf.neg(this.t));
  }
  sigmoid() {
    return new TensorValue(tf.sigmoid(this.t));
  }
  tanh() {
    return new TensorValue(tf.tanh(this.t));
  }
  relu() {
    return new TensorValue(tf.relu(this.t));
  }
  step() {
    return new TensorValue(tf.step(this.t, 0));
  }
}
