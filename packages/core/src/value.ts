/**
 * The arithmetic a cell may use: eight methods, and no more, so that a float64 number, a dual number, a tensor,
 * and the recorder behind every engine can each have them.
 */
export interface Value<T> {
  add(b: T | number): T;
  sub(b: T | number): T;
  mul(b: T | number): T;
  neg(): T;
  /** 1 / (1 + e⁻ˣ) */
  sigmoid(): T;
  tanh(): T;
  /** max(x, 0) */
  relu(): T;
  /** 1 where x > 0, else 0: relu′. Its own derivative is 0. */
  step(): T;
}

/** 1 − y */
export const oneMinus = <T extends Value<T>>(y: T): T => y.neg().add(1);
/** σ′ = y(1 − y), written in the output y = σ(a), as backpropagation keeps outputs. */
export const dsigmoid = <T extends Value<T>>(y: T): T => y.mul(oneMinus(y));
/** tanh′ = 1 − y², written in the output y = tanh(a). */
export const dtanh = <T extends Value<T>>(y: T): T => oneMinus(y.mul(y));
