/** Numbers of one step, as they were logged. */
export interface Sample {
  readonly step: number;
  /** In nats, or whatever the model's loss is in. */
  readonly loss: number;
  /** Norm of all gradients before and after clipping, where a plugin reports them. */
  readonly gradientNorm?: number;
  readonly gradientNormClipped?: number;
  /** Of the optimizer, where it has one. */
  readonly learningRate?: number;
  /** Of its groups of weights that have one of their own, by their names. */
  readonly groupRates?: Readonly<Record<string, number>>;
}
export interface ValidationPoint {
  readonly step: number;
  readonly loss: number;
}
/** ‖δs_t‖₂ of one state of one layer at one moment of training, [T]. */
export interface Flow {
  readonly step: number;
  readonly layer: string;
  readonly state: string;
  readonly norms: readonly number[];
}

/** How the gates of a layer are used at one moment of training: shares near their ends. */
export interface GateMoment {
  readonly step: number;
  readonly layer: string;
  readonly gates: Readonly<Record<string, { readonly low: number; readonly high: number }>>;
}

/** What a report is drawn from; plain JSON. */
export interface RunRecord {
  readonly samples: readonly Sample[];
  readonly validations: readonly ValidationPoint[];
  readonly flows: readonly Flow[];
  readonly gates: readonly GateMoment[];
}

/** Grows by what is added and never beyond a limit: when full, every other moment goes. */
export interface Recorder {
  /** True for the steps whose numbers are wanted: sparser as the run gets longer. */
  wants(step: number): boolean;
  addSample(sample: Sample): void;
  addValidation(point: ValidationPoint): void;
  addFlows(flows: readonly Flow[]): void;
  addGates(gates: readonly GateMoment[]): void;
  record(): RunRecord;
  restore(record: RunRecord): void;
}

/** A recorder of every n-th step that keeps at most `limit` samples and `moments` moments of gradient flow. */
export function recorder(every: number, limit = 2000, moments = 64): Recorder {
  let stride = every;
  let samples: Sample[] = [];
  let validations: ValidationPoint[] = [];
  let flows: Flow[] = [];
  let gates: GateMoment[] = [];
  const thinSamples = () => {
    if (samples.length <= limit) return;
    samples = samples.filter((_, i) => i % 2 === 0);
    stride *= 2;
  };
  const thinned = <T extends { readonly step: number }>(items: T[]): T[] => {
    const steps = [...new Set(items.map(({ step }) => step))];
    if (steps.length <= moments) return items;
    const kept = new Set(steps.filter((_, i) => i % 2 === 0));
    return items.filter(({ step }) => kept.has(step));
  };
  return {
    wants: (step) => step % stride === 0,
    addSample(sample) {
      samples.push(sample);
      thinSamples();
    },
    addValidation(point) {
      validations.push(point);
    },
    addFlows(added) {
      flows = thinned([...flows, ...added]);
    },
    addGates(added) {
      gates = thinned([...gates, ...added]);
    },
    record: () => ({ samples, validations, flows, gates }),
    restore(record) {
      samples = [...record.samples];
      validations = [...record.validations];
      flows = [...record.flows];
      gates = [...record.gates];
    },
  };
}

/** Items by what `key` gives, in order. */
export function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

/** At most `count` of the items, evenly spread, the first and the last among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))] as T,
  );
}
