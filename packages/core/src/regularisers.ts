/** A recurrent layer, as a run's plugins see it. */
export interface LayerInfo {
  readonly name: string;
  /** H. */
  readonly units: number;
  /** Gates by weight name: the last axis of such a weight is as many blocks of H columns, in this order. */
  readonly gates?: Readonly<Record<string, readonly string[]>>;
}

/** What regularises a recurrent layer while it trains. Rates lie in [0, 1); absent or 0 is off. */
export interface Regularisers {
  /** Dropout on x [B,T,I], a new mask every step. */
  readonly inputDropout?: number;
  /** Dropout on the operand of R [B,H], one mask a sequence (Gal and Ghahramani, 2016). */
  readonly recurrentDropout?: number;
  /** One mask of the operand a sequence (default), or a new one every step. */
  readonly recurrentDropoutPer?: 'sequence' | 'step';
  /** DropConnect: connections of R cut for a whole sequence (Wan et al., 2013). */
  readonly dropConnect?: number;
  /** Dropout on y [B,T,H], a new mask every step. */
  readonly outputDropout?: number;
  /** Zoneout per state, e.g. `{ h: 0.1, c: 0.1 }` (Krueger et al., 2017). */
  readonly zoneout?: Readonly<Record<string, number>>;
}
