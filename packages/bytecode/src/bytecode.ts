/** The instructions and slots, by the numbers that the engines know them by. */
export const Op = {
  mov: 0,
  zero: 1,
  add: 2,
  sub: 3,
  mul: 4,
  neg: 5,
  sigmoid: 6,
  tanh: 7,
  relu: 8,
  step: 9,
  /** a·b + c */
  mad: 10,
  /** c − a·b */
  nmad: 11,
} as const;
export type OpName = keyof typeof Op;

/** What an instruction reads and writes: planes, constants, vectors, registers. */
export const Kind = {
  register: 0,
  constant: 1,
  vector: 2,
  gate: 3,
  state: 4,
  next: 5,
  saved: 6,
  exported: 7,
  u: 8,
  dstate: 9,
  previous: 10,
  dvector: 11,
  du: 12,
} as const;

/** kind·2¹⁶ + index */
export type Slot = number;
export const slot = (kind: keyof typeof Kind, index: number): Slot => (Kind[kind] << 16) | index;

export interface Instruction {
  readonly op: OpName;
  readonly d: Slot;
  readonly a: Slot;
  readonly b: Slot;
  readonly c: Slot;
}

/** d ← op(a, b, c); operands that the operation does not have repeat d. */
export const instruction = (op: OpName, d: Slot, ...[a = d, b = d, c = d]: Slot[]): Instruction => ({
  op,
  d,
  a,
  b,
  c,
});
