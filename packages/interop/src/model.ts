/**
 * The neutral description of a model: what every reader makes and every writer takes. All of it is plain data. Gates stand
 * in this project's order and convention: rnn h; lstm i f g o; gru z r n with h_t = (1 − z) ⊗ h_{t−1} + z ⊗ n.
 */

/** Row-major float32 values. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * `hard-sigmoid` is min(max(0.2 x + 0.5, 0), 1), of Keras 2, tf.layers and ONNX; `hard-sigmoid-6` is relu6(x + 3) / 6, of
 * Keras 3 and PyTorch.
 */
export type CellActivation = 'tanh' | 'sigmoid' | 'relu' | 'linear' | 'hard-sigmoid' | 'hard-sigmoid-6';
/** What may follow a dense layer. */
export type Activation =
  | CellActivation
  | 'softmax'
  | 'elu'
  | 'selu'
  | 'softplus'
  | 'softsign'
  | 'swish'
  | 'gelu';

/** The cell of a layer. `gates` is σ where it stands in the equations, `activation` the tanh of the candidate. */
export type CellSpec =
  | { readonly kind: 'rnn'; readonly activation: CellActivation }
  | {
      readonly kind: 'lstm';
      readonly gates: CellActivation;
      readonly activation: CellActivation;
      /** In h = o ⊗ tanh(c). */
      readonly output: CellActivation;
      readonly peepholes: boolean;
    }
  | {
      readonly kind: 'gru';
      /** Whether r multiplies h R + b_h (Keras' reset_after, PyTorch, linear_before_reset 1) or h before the product. */
      readonly resetAfter: boolean;
      readonly gates: CellActivation;
      readonly activation: CellActivation;
    }
  /** Another cell of this project, by its registered name: no other format has it. */
  | { readonly kind: 'own'; readonly name: string };

/** One direction of a recurrent layer; H units, G gates. */
export interface Direction {
  /** From the last step to the first; y[:, t] belongs to input step t all the same. */
  readonly reverse: boolean;
  readonly W: Values; // [I, G·H]
  readonly R: Values; // [H, G·H]
  /**
   * One bias, or the pair that some formats have, both [G·H]. A pair is kept, so that it goes out as it came in; a layer
   * that has one bias gets the sum, rounded once to float32. A GRU that resets after the product needs b_n of both.
   */
  readonly bias?: { readonly input: Values; readonly recurrent?: Values };
  readonly peepholes?: Values; // [3, H], rows i f o
  /** What the states start from when it is not zeros: [H], or [B,H] where the file gives a row for each sequence. */
  readonly initial?: Readonly<Record<string, Values>>;
}

export type Merge = 'concat' | 'sum' | 'average' | 'product';

export interface RecurrentSpec {
  readonly kind: 'recurrent';
  readonly name: string;
  readonly cell: CellSpec;
  readonly units: number;
  /** One, or forward and backward over the same input. */
  readonly directions: readonly Direction[];
  /** How two directions become one output. */
  readonly merge?: Merge;
  /** y of all steps [B,T,…], or the last output [B,…]. */
  readonly output: 'sequence' | 'last';
  /** y at masked steps: zeros, or the last real one held. */
  readonly padding: 'zeros' | 'hold';
}

export interface DenseSpec {
  readonly kind: 'dense';
  readonly name: string;
  readonly W: Values; // [in, out]
  readonly bias?: Values; // [out]
  readonly activation: Activation;
}

export interface EmbeddingSpec {
  readonly kind: 'embedding';
  readonly name: string;
  readonly table: Values; // [ids, width]
  /** Steps whose id is 0 are masked. */
  readonly maskZero: boolean;
}

export type LayerSpec =
  | RecurrentSpec
  | DenseSpec
  | EmbeddingSpec
  /** Steps whose features all equal `value` are masked. */
  | { readonly kind: 'masking'; readonly name: string; readonly value: number }
  | { readonly kind: 'activation'; readonly name: string; readonly activation: Activation }
  /** In training alone. */
  | { readonly kind: 'dropout'; readonly name: string; readonly rate: number };

/** A named result of a model, as its format names it. */
export type OutputSpec =
  /** What a layer gives: [B,T,…] or [B,…]. */
  | { readonly name: string; readonly from: 'layer'; readonly layer: string }
  /** A final state of layers, every direction of every layer in order: [layers · directions, B, H]. */
  | {
      readonly name: string;
      readonly from: 'state';
      readonly layers: readonly string[];
      readonly state: string;
    };

export interface ModelSpec {
  readonly name: string;
  /** What it was read from, in words. */
  readonly format: string;
  readonly input:
    | { readonly kind: 'features'; readonly steps: number | null; readonly width: number } // [B,T,I]
    | { readonly kind: 'ids'; readonly steps: number | null; readonly size: number }; // [B,T], 0 … size − 1
  /** In order: each reads what the one before gives. */
  readonly layers: readonly LayerSpec[];
  readonly outputs: readonly OutputSpec[];
  /** What was converted, rounded or left out, a sentence each; it goes into the certificate. */
  readonly notes: readonly string[];
}
