import type { Value } from './value.js';

export type Named<K extends string, T> = { readonly [P in K]: T };

/**
 * A recurrent cell: names and two pointwise functions; everything else is derived from them.
 *
 * | letter | names of |
 * |---|---|
 * | S | states; the first is the output h and what R multiplies |
 * | G | gates, in the column order of W, R and b |
 * | V | what backward needs of forward |
 * | F | gates fed by `operand` instead of h |
 * | P | vectors [H] that the pointwise part multiplies by (peepholes, IndRNN) |
 */
export interface Cell<
  S extends string,
  G extends string,
  V extends string,
  F extends G = never,
  P extends string = never,
> {
  /** Stable id: in saved models, in errors, never used to choose an implementation. */
  readonly name: string;
  readonly state: readonly S[];
  readonly gates: readonly G[];
  readonly saved: readonly V[];
  /** Gates that read x; all of them when absent. */
  readonly input?: readonly G[];
  /** Gates that read the recurrent operand; all of them when absent. */
  readonly recurrent?: readonly G[];
  readonly vectors?: readonly P[];
  /** What stands in for h in front of R for the gates it feeds (GRU: u = r ⊗ h). */
  readonly operand?: Operand<S, G, V, F>;
  /** (a_t, s_{t-1}, w) → s_t and what backward needs. a: pre-activations, s: states, w: vectors. */
  forward<T extends Value<T>>(
    a: Named<G, T>,
    s: Named<S, T>,
    w: Named<P, T>,
  ): { next: Named<S, T>; saved: Named<V, T> };
  /** (δs_t, saved, s_{t-1}, w) → δa_t, the direct part of δs_{t-1}, δw. What is absent is zero. */
  backward<T extends Value<T>>(
    d: Named<S, T>,
    v: Named<V, T>,
    s: Named<S, T>,
    w: Named<P, T>,
  ): { gates: Partial<Named<G, T>>; prev: Partial<Named<S, T>>; vectors?: Named<P, T> };
}

export interface Operand<S extends string, G extends string, V extends string, F extends G> {
  readonly feeds: readonly F[];
  /** u, from the gates that do not wait for it. */
  forward<T extends Value<T>>(a: Named<Exclude<G, F>, T>, s: Named<S, T>): T;
  /** δu → its share of δa_t and of δs_{t-1}. */
  backward<T extends Value<T>>(
    du: T,
    v: Named<V, T>,
    s: Named<S, T>,
  ): { gates: Partial<Named<G, T>>; prev: Partial<Named<S, T>> };
}

/** A cell whose names are not known at compile time: what everything but the cell's own file works with. */
export interface AnyCell {
  readonly name: string;
  readonly state: readonly string[];
  readonly gates: readonly string[];
  readonly saved: readonly string[];
  readonly input?: readonly string[];
  readonly recurrent?: readonly string[];
  readonly vectors?: readonly string[];
  readonly operand?: {
    readonly feeds: readonly string[];
    forward<T extends Value<T>>(a: Named<string, T>, s: Named<string, T>): T;
    backward<T extends Value<T>>(du: T, v: Named<string, T>, s: Named<string, T>): CellGradients<T>;
  };
  forward<T extends Value<T>>(
    a: Named<string, T>,
    s: Named<string, T>,
    w: Named<string, T>,
  ): { next: Named<string, T>; saved: Named<string, T> };
  backward<T extends Value<T>>(
    d: Named<string, T>,
    v: Named<string, T>,
    s: Named<string, T>,
    w: Named<string, T>,
  ): CellGradients<T>;
}
export interface CellGradients<T> {
  gates: { readonly [gate: string]: T };
  prev: { readonly [state: string]: T };
  vectors?: { readonly [vector: string]: T };
}
