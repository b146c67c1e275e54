/** How fast a run goes: sums that fade with e^(−t/τ), so that a slow start or one slow step is forgotten. */
export interface Meter {
  /** The clock starts, or starts again after something that is not training. */
  resume(now: number): void;
  /** A step of `size` targets ended. */
  step(size: number, now: number): void;
  /** Targets a millisecond; NaN before there is a step. */
  rate(): number;
  /** Milliseconds a step; NaN before there is a step. */
  stepTime(): number;
}

/** τ, in milliseconds. */
const FADE = 10_000;

export function meter(): Meter {
  let last = 0;
  let ms = 0;
  let targets = 0;
  let steps = 0;
  return {
    resume(now) {
      last = now;
    },
    step(size, now) {
      const dt = now - last;
      const keep = Math.exp(-dt / FADE);
      last = now;
      ms = ms * keep + dt;
      targets = targets * keep + size;
      steps = steps * keep + 1;
    },
    rate: () => (ms > 0 ? targets / ms : Number.NaN),
    stepTime: () => (steps > 0 ? ms / steps : Number.NaN),
  };
}
