import type { PartTime, Times } from '@gatewise/plugin';

/** Adds up where time goes: the part entered last runs, those around it wait. */
export class Stopwatch implements Times {
  readonly #parts = new Map<string, { ms: number; count: number }>();
  readonly #open: string[] = ['rest'];
  readonly #now: () => number;
  #since: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  enter(part: string): void {
    this.#charge();
    this.#open.push(part);
    this.#of(part).count++;
  }

  leave(): void {
    this.#charge();
    this.#open.pop();
  }

  read(): Readonly<Record<string, PartTime>> {
    this.#charge();
    return Object.fromEntries([...this.#parts].map(([name, part]) => [name, { ...part }]));
  }

  #charge(): void {
    const now = this.#now();
    this.#of(this.#open.at(-1) as string).ms += now - this.#since;
    this.#since = now;
  }

  #of(part: string): { ms: number; count: number } {
    let time = this.#parts.get(part);
    if (!time) {
      time = { ms: 0, count: part === 'rest' ? 1 : 0 };
      this.#parts.set(part, time);
    }
    return time;
  }
}
