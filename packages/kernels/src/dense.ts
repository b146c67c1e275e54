/** Activations that a product applies itself. */
export const activations = ['linear', 'relu', 'sigmoid', 'tanh', 'elu'] as const;
export type Activation = (typeof activations)[number];

/** Functions of one number: native/dense-call.h and assembly/dense.ts know them by their place. */
export const functions = [...activations, 'exp'] as const;
export type FunctionName = (typeof functions)[number];

/** C = f(op(A) op(B) + bias) for each batch; matrices are row-major. */
export interface Product {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Float32Array; // batches × [m,k], or [k,m] when transposeA
  readonly b: Float32Array; // batches × [k,n], or [n,k] when transposeB
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** One A (B) serves every batch. */
  readonly repeatA: boolean;
  readonly repeatB: boolean;
  readonly bias: Float32Array | null; // [n]
  readonly activation: Activation;
  readonly c: Float32Array; // batches × [m,n], written
}

/** Mean softmax cross-entropy over rows: Σ_n w_n (k_n log Σ_c e^{z_nc} − Σ_c y_nc z_nc), w = m / max(Σ m, 1), k = Σ_c y. */
export interface CrossEntropy {
  readonly rows: number;
  readonly classes: number;
  readonly logits: Float32Array; // z [rows, classes]
  /** y: ids [rows] from 0 to classes − 1, or distributions [rows, classes]. */
  readonly targets: Int32Array | Float32Array;
  readonly mask: Float32Array | null; // m [rows]; null is ones
  readonly gradient: Float32Array | null; // ∂/∂z [rows, classes], written where asked for
}

/** Rows of a table by their number. */
export interface RowsById {
  readonly table: Float32Array; // [rows, width]
  readonly ids: Int32Array; // [n]
  readonly width: number;
  readonly values: Float32Array; // [n, width]
}

/** What two arrays are combined by, element by element. */
export const combinations = ['add', 'sub', 'mul', 'div'] as const;
/** How an operand is spread over [rows, width]: it has all of it, one row [width], one column [rows], or is one number. */
export const spreads = ['full', 'row', 'column', 'one'] as const;
export type Spread = (typeof spreads)[number];

/** out = a ∘ b */
export interface Combination {
  readonly by: (typeof combinations)[number];
  readonly rows: number;
  readonly width: number;
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly spreadA: Spread;
  readonly spreadB: Spread;
  readonly out: Float32Array; // [rows, width], written
}

/** Inverted dropout: out = x ⊗ m, m = 0 where `drawBelow(key, t, b, unit, rate)` of core is true, else 1 / (1 − rate). */
export interface Dropout {
  readonly rows: number; // B
  readonly steps: number; // T
  readonly units: number;
  /** A u32. */
  readonly key: number;
  /** Above 0, below 1. */
  readonly rate: number;
  readonly x: Float32Array; // [rows, steps, units]
  readonly out: Float32Array; // as x, written
}

/** Products, losses and sums. What is written overlaps nothing that is read. Errors: `GW_ENGINE_ARGUMENTS`, `GW_ENGINE_IDS`. */
export interface Dense {
  /** An array to be written: what it holds is not set. */
  array(length: number): Float32Array;
  product(of: Product): void;
  /** The mean loss in nats. */
  crossEntropy(of: CrossEntropy): number;
  /** values = table[ids]; every id is a row of the table. */
  gatherRows(of: RowsById): void;
  /** table = 0, then table[ids] += values; ids that are no row of it are left out. */
  scatterRows(of: RowsById): void;
  /** out = e^x / Σ e^x, for every row of x [rows, width] */
  softmax(x: Float32Array, width: number, out: Float32Array): void;
  /** out [width] = Σ over rows of x [rows, width] */
  sumRows(x: Float32Array, out: Float32Array): void;
  combine(of: Combination): void;
  dropout(of: Dropout): void;
  /** out = f(x); `out` may be `x`. */
  apply(which: FunctionName, x: Float32Array, out: Float32Array): void;
}
