import type { AnyCell } from '@gatewise/core';
import { type Column, Heatmap } from './heatmap.js';
import type { Scale } from './palette.js';
import { namesOf, type Trace } from './reader.js';

/** More columns than any screen shows. */
const KEPT = 200;
const gate: Scale = { low: 0, high: 1, centred: false };
const signed: Scale = { low: -1, high: 1, centred: true };
/** A memory cell adds up: it goes beyond 1. */
const memory: Scale = { low: -3, high: 3, centred: true };

const known: Readonly<Record<string, readonly [title: string, scale: Scale]>> = {
  i: ['Input gate i: what is written', gate],
  f: ['Forget gate f: what is kept', gate],
  o: ['Output gate o: what is shown', gate],
  g: ['Candidate g: what could be written', signed],
  z: ['Update gate z: how much is new', gate],
  r: ['Reset gate r: what the candidate sees', gate],
  n: ['Candidate n: what could be written', signed],
  h: ['Output state h', signed],
  c: ['Memory cell c', memory],
};

/** One heatmap for each gate and state of a cell, and what they showed last. */
export class Pictures {
  readonly #place: HTMLElement;
  readonly #pointed: HTMLElement;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  #maps: Heatmap[] = [];
  #cell: string | undefined;
  #columns: Column[] = [];
  #due = false;

  /** `pointed` says what lies under the pointer. */
  constructor(place: HTMLElement, pointed: HTMLElement) {
    this.#place = place;
    this.#pointed = pointed;
    this.#dark.addEventListener('change', () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  /** For a network of this cell; what was shown is gone. */
  show(cell: AnyCell): void {
    this.#columns = [];
    if (this.#cell !== cell.name) {
      this.#cell = cell.name;
      const { gates, state } = namesOf(cell);
      this.#maps = [];
      this.#place.replaceChildren(...[...gates, ...state].map((name) => this.#figure(name)));
    }
    this.#draw();
  }

  #figure(name: string): HTMLElement {
    const [title, scale] = known[name] ?? [name, signed];
    const figure = document.createElement('figure');
    const caption = document.createElement('figcaption');
    caption.textContent = title;
    const canvas = document.createElement('canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `${title}. Described once the network has written`);
    canvas.dataset.name = name;
    canvas.dataset.title = title;
    figure.append(caption, canvas);
    const map = new Heatmap(canvas, name, scale);
    canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
      const found = map.at(offsetX, offsetY);
      this.#pointed.textContent = found
        ? `${name} of unit ${found.unit} at “${found.symbol}”: ${found.value.toFixed(3)}`
        : '';
    });
    this.#maps.push(map);
    return figure;
  }

  /** More of the text or of its continuation; `anew` where one before it is over. */
  add({ ids, values }: Trace, symbols: readonly string[], of: Column['of'], anew: boolean): void {
    if (of === 'text') this.#columns = anew ? [] : this.#columns.filter((column) => column.of === 'text');
    else if (anew) this.#columns = this.#columns.filter((column) => column.of === 'text');
    ids.forEach((id, t) => {
      this.#columns.push({ symbol: symbols[id]!, of, values: values[t]! });
    });
    this.#columns = [
      ...this.#columns.filter((column) => column.of === 'text').slice(-KEPT),
      ...this.#columns.filter((column) => column.of === 'continuation').slice(-KEPT),
    ];
    this.#soon();
  }

  /** Says in words what the pictures show: not while they move. */
  describe(): void {
    this.#draw();
    for (const map of this.#maps) {
      map.canvas.setAttribute('aria-label', `${map.canvas.dataset.title}. ${map.summary()}`);
    }
  }

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#due = false;
    for (const map of this.#maps) {
      if (map.canvas.clientWidth > 0) map.draw(this.#columns, this.#dark.matches);
    }
  }
}
