/** Leaves: `a` is the position in the list named beside them. Constants: position in the pool. */
export type LeafOp =
  | 'const' // constants
  | 'gate' // gates: pre-activation a
  | 'state' // state: s_{t-1}
  | 'vector' // vectors: w
  | 'saved' // saved
  | 'dstate' // state: δs_t
  | 'du'; // δ of the operand
/** Inner nodes: `a` and `b` are earlier nodes; `b` is −1 for one operand. */
export type InnerOp = 'add' | 'sub' | 'mul' | 'neg' | 'sigmoid' | 'tanh' | 'relu' | 'step';
export interface ProgramNode {
  readonly op: LeafOp | InnerOp;
  readonly a: number;
  readonly b: number;
}

/**
 * A cell as data: one hash-consed graph in topological order, and where its results stand in it (−1: zero).
 * Plain JSON, so it can be cloned into a worker, hashed, and turned into any language.
 */
export interface Program {
  /** For messages only. */
  readonly cell: string;
  /** Of everything below: what caches and saved models go by. */
  readonly hash: string;
  readonly state: readonly string[];
  readonly gates: readonly string[];
  readonly saved: readonly string[];
  readonly vectors: readonly string[];
  /** Gates that read x, in the column order of W. */
  readonly input: readonly string[];
  /** Gates that read the operand, in the column order of R. */
  readonly recurrent: readonly string[];
  /** Those of them that `operand` feeds instead of h. */
  readonly feeds: readonly string[];
  readonly constants: readonly number[];
  readonly nodes: readonly ProgramNode[];
  readonly operand: number;
  /** By state. */
  readonly next: readonly number[];
  /** By name in `saved`; a node that is also in `next` need be kept only once. */
  readonly save: readonly number[];
  readonly backward: {
    readonly gates: readonly number[];
    readonly prev: readonly number[];
    readonly vectors: readonly number[];
  };
  readonly operandBackward: { readonly gates: readonly number[]; readonly prev: readonly number[] } | null;
}

const LEAVES = new Set<string>(['const', 'gate', 'state', 'vector', 'saved', 'dstate', 'du']);
/** True when `a` and `b` of a node are nodes themselves. */
export const isInner = (op: ProgramNode['op']): op is InnerOp => !LEAVES.has(op);
