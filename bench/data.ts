import { writeFileSync } from 'node:fs';
import { random } from '@gatewise/core';
import { type Case, CLASSES, gates, STREAM } from './cases.js';

/** Where an array lies in the file of a case: float32, row-major, offset in elements. */
interface Place {
  readonly offset: number;
  readonly shape: readonly number[];
}
export type Places = Readonly<Record<string, Place>>;

/** Shapes of a case's data. What comes back to be compared is, in this order:
 * forward y [B,T,H]; gradients dx dW dR db; training-step the losses of two steps; streaming y [STREAM, H]. */
function shapesOf(one: Case): Record<string, number[]> {
  const { cell, measure, B, T, I, H } = one;
  const { w, r, b, vectors } = gates[cell];
  const weights = { W: [I, w * H], R: [H, r * H], b: [b * H], vectors: [vectors, H] };
  if (measure === 'streaming') return { x: [STREAM, I], ...weights };
  const sequence = { x: [B, T, I], ...weights };
  if (measure === 'gradients') return { ...sequence, dy: [B, T, H] };
  if (measure === 'training-step') return { ...sequence, V: [H, CLASSES], bV: [CLASSES], ids: [B, T] };
  return sequence;
}

const product = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);

/** How large the values of an array are: products of about 1 keep the gates off their flat ends. */
function scaleOf(name: string, { I, H }: Case): number {
  if (name === 'W') return 1 / Math.sqrt(I);
  if (name === 'R' || name === 'V') return 1 / Math.sqrt(H);
  return name === 'x' || name === 'dy' ? 1 : 0.1;
}

/** Writes the data of a case, the same in every run; returns where each array lies. */
export function writeData(one: Case, file: string): Places {
  const shapes = Object.entries(shapesOf(one));
  const places: Record<string, Place> = {};
  let length = 0;
  for (const [name, shape] of shapes) {
    places[name] = { offset: length, shape };
    length += product(shape);
  }
  const values = new Float32Array(length);
  for (const [name, shape] of shapes) {
    const { offset } = places[name]!;
    const source = random(7).fork(`${one.cell} ${name}`);
    const scale = scaleOf(name, one);
    for (let k = offset; k < offset + product(shape); k++) {
      values[k] = name === 'ids' ? source.int(CLASSES) : (2 * source.uniform() - 1) * scale;
    }
  }
  writeFileSync(file, new Uint8Array(values.buffer));
  return places;
}
