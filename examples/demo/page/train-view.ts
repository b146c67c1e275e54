import { Chart } from './charts.js';
import { byId, readable } from './elements.js';
import type { Point, SavedRun } from './run-file.js';
import { bits } from './training.js';

/** What is known of a run. */
type Seen = Pick<SavedRun, 'losses' | 'heldOut' | 'samples'>;
interface Flow {
  readonly step: number;
  readonly norms: readonly number[];
}

/** What is seen of a run: its curves, how far gradients reach, what it writes. */
export class TrainView {
  #loss: Chart | undefined;
  #flow: Chart | undefined;
  #losses: Point[] = [];
  #heldOut: Point[] = [];
  #samples: { step: number; text: string }[] = [];
  /** The first and the last one, by state. */
  readonly #flows = new Map<string, { first: Flow; last: Flow }>();
  #due = false;

  get seen(): Seen {
    return { losses: this.#losses, heldOut: this.#heldOut, samples: this.#samples };
  }

  /** Begins again, with what is known of a run. */
  begin(states: readonly string[], seen: Seen = { losses: [], heldOut: [], samples: [] }): void {
    this.#losses = [...seen.losses];
    this.#heldOut = [...seen.heldOut];
    this.#samples = [];
    byId('samples', HTMLOListElement).replaceChildren();
    this.#flows.clear();
    this.#loss?.remove();
    this.#flow?.remove();
    this.#loss = new Chart(byId('loss', HTMLElement), {
      ...{ x: 'step', y: 'bits per character' },
      lines: [
        { label: 'training', ink: 0 },
        { label: 'held out', points: true, ink: 1 },
      ],
    });
    this.#flow = new Chart(byId('flow', HTMLElement), {
      ...{ x: 'time step of a window', y: 'norm of the gradient', logarithmic: true },
      lines: states.flatMap((state, ink) => [
        { label: `δ${state}, last`, ink },
        { label: `δ${state}, first`, dash: [5, 5], ink },
      ]),
    });
    for (const { step, text } of seen.samples) this.sample(step, text);
    this.#soon();
  }

  loss(step: number, loss: number): void {
    if (step > (this.#losses.at(-1)?.[0] ?? 0)) this.#losses.push([step, loss]);
    this.#soon();
  }

  heldOut(step: number, loss: number): void {
    if (step > (this.#heldOut.at(-1)?.[0] ?? 0)) this.#heldOut.push([step, loss]);
    this.#soon();
  }

  flow(state: string, flow: Flow): void {
    this.#flows.set(state, { first: this.#flows.get(state)?.first ?? flow, last: flow });
    this.#soon();
  }

  sample(step: number, text: string): void {
    this.#samples.push({ step, text });
    const [item, title, quote] = (['li', 'strong', 'q'] as const).map((tag) => document.createElement(tag));
    title!.textContent = `step ${step}`;
    quote!.textContent = text;
    item!.append(title!, quote!);
    byId('samples', HTMLOListElement).prepend(item!);
  }

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#drawLoss();
      this.#drawFlow();
    });
  }

  #drawLoss(): void {
    const steps = [...new Set([...this.#losses, ...this.#heldOut].map(([step]) => step))].sort(
      (a, b) => a - b,
    );
    const lines = [this.#losses, this.#heldOut].map((points) => {
      const at = new Map(points);
      return steps.map((step) => (at.has(step) ? bits(at.get(step)!) : null));
    });
    const last = (points: readonly Point[]) => readable(bits(points.at(-1)?.[1] ?? Number.NaN));
    const summary = `Loss: ${last(this.#losses)} bits per character after ${steps.at(-1) ?? 0} steps, ${last(this.#heldOut)} on the held-out part`;
    this.#loss?.show(steps, lines, summary);
  }

  #drawFlow(): void {
    const all = [...this.#flows.values()];
    const length = all[0]?.last.norms.length ?? 0;
    const times = Array.from({ length }, (_, t) => t + 1);
    // nothing has no logarithm
    const line = ({ norms }: Flow) => norms.map((norm) => (norm > 0 ? norm : null));
    const ends = [...this.#flows].map(
      ([state, { last }]) =>
        `δ${state} ${last.norms[0]?.toExponential(1)} at the first time step, ${last.norms.at(-1)?.toExponential(1)} at the last`,
    );
    if (all.length === 0) return;
    this.#flow?.show(
      times,
      all.flatMap(({ first, last }) => [line(last), line(first)]),
      `Gradient flow: ${ends.join('; ')}`,
    );
  }
}
