import { type Program, type RecurRequest, stage } from '@gatewise/recurrence';

/** A state as it is stored after a step, or a sheet of its own. */
type SavedPlace = { readonly state: number } | { readonly sheet: string };

/** What the shaders need to know of a request: numbers that change with every call are uniforms instead. */
export interface Facts {
  readonly program: Program;
  readonly H: number;
  readonly I: number;
  readonly masked: boolean;
  readonly ids: boolean;
  readonly zoneout: 'draw' | 'expect' | 'mask' | null;
  /** States that zoneout touches. */
  readonly zoned: readonly boolean[];
  readonly dropout: 'draw' | 'mask' | null;
  readonly dropPerStep: boolean;
  readonly probe: boolean;
  readonly record: boolean;
  /** By gate: which column block of W and of R it has, −1 for none. */
  readonly inputAt: readonly number[];
  readonly recurrentAt: readonly number[];
  /** Gates that h feeds, and those that the operand feeds. */
  readonly readsH: readonly number[];
  readonly feeds: readonly number[];
  /** What backward reads of forward. */
  readonly savedRead: readonly number[];
  readonly stateRead: readonly number[];
  readonly savedAt: readonly SavedPlace[];
  /** By state: whether anything but a product reaches δs_{t−1}. */
  readonly direct: readonly boolean[];
}

/** Texts that decide what is compiled; programs are cached by it. */
export const keyOf = ({ program, ...rest }: Facts): string => JSON.stringify({ ...rest, hash: program.hash });

export function factsOf(request: RecurRequest): Facts {
  const { program: p, zoneout: z, operandDropout: d } = request;
  const index = (name: string) => p.gates.indexOf(name);
  const back = leavesOf(p, backwardRoots(p));
  const read = (op: string) => [...new Set(back.filter((leaf) => leaf.op === op).map(({ a }) => a))].sort();
  const states = p.state.map((_, k) => k);
  const zoned = states.map((k) => z !== null && (z.kind === 'mask' || z.rates[k]! > 0));
  return {
    program: p,
    H: request.H,
    I: request.I,
    masked: request.masked,
    ids: request.ids,
    zoneout: z?.kind ?? null,
    zoned,
    dropout: d?.kind ?? null,
    dropPerStep: d?.perStep ?? false,
    probe: request.probe,
    record: request.record,
    inputAt: p.gates.map((g) => p.input.indexOf(g)),
    recurrentAt: p.gates.map((g) => p.recurrent.indexOf(g)),
    readsH: p.recurrent.filter((g) => !p.feeds.includes(g)).map(index),
    feeds: p.feeds.map(index),
    savedRead: read('saved'),
    stateRead: read('state'),
    savedAt: p.save.map((root, k) => {
      const same = p.next.indexOf(root);
      return same >= 0 && !zoned[same] ? { state: same } : { sheet: `v${k}` };
    }),
    direct: states.map(
      (k) =>
        request.masked || zoned[k]! || p.backward.prev[k]! >= 0 || (p.operandBackward?.prev[k] ?? -1) >= 0,
    ),
  };
}

const backwardRoots = (p: Program): number[] => [
  ...Object.values(p.backward).flat(),
  ...Object.values(p.operandBackward ?? {}).flat(),
];

/** The leaves behind roots. */
export const leavesOf = (p: Program, roots: readonly number[]) => stage(p, roots).leaves;
