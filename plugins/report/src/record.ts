/** Numbers of one step, as they were logged. */
export interface Sample {
  readonly step: number;
  /** In nats, or whatever the model's loss is in. */
  readonly loss: number;
  /** Norm of all gradients before and after clipping, where a plugin reports them. */
  readonly gradientNorm?: number;
  readonly gradientNormClipped?: number;
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

/** What a report is drawn from; plain JSON. */
export interface RunRecord {
  readonly samples: readonly Sample[];
  readonly validations: readonly ValidationPoint[];
  readonly flows: readonly Flow[];
}

/** Grows by what is added and never beyond a limit: when full, every other moment goes. */
export interface Recorder {
  /** True for the steps whose numbers are wanted: sparser as the run gets longer. */
  wants(step: number): boolean;
  addSample(sample: Sample): void;
  addValidation(point: ValidationPoint): void;
  addFlows(flows: readonly Flow[]): void;
  record(): RunRecord;
  restore(record: RunRecord): void;
}

/** A recorder of every n-th step that keeps at most `limit` samples and `moments` moments of gradient flow. */
export function recorder(every: number, limit = 2000, moments = 32): Recorder {
  let stride = every;
  let samples: Sample[] = [];
  let validations: ValidationPoint[] = [];
  let flows: Flow[] = [];
  const thinSamples = () => {
    if (samples.length <= limit) return;
    samples = samples.filter((_, i) => i % 2 === 0);
    stride *= 2;
  };
  const thinFlows = () => {
    const steps = [...new Set(flows.map(({ step }) => step))];
    if (steps.length <= moments) return;
    const kept = new Set(steps.filter((_, i) => i % 2 === 0));
    flows = flows.filter(({ step }) => kept.has(step));
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
      flows.push(...added);
      thinFlows();
    },
    record: () => ({ samples, validations, flows }),
    restore(record) {
      samples = [...record.samples];
      validations = [...record.validations];
      flows = [...record.flows];
    },
  };
}

/** At most `count` of the items, evenly spread, the first and the last among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))] as T,
  );
}
