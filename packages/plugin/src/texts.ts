/** A text of a run, such as a sample of what a model writes. */
export interface TextSample {
  /** What it is, such as `sample at 0.8`. */
  readonly name: string;
  /** Steps done when it was written. */
  readonly step: number;
  readonly text: string;
}

/** The texts of a run, in order, for all of its plugins: `Tokens.Texts`. */
export interface Texts {
  readonly all: readonly TextSample[];
  add(sample: TextSample): void;
}
