import type { Figures, GpuBackend, PageResult, Size } from './page.js';

export const sizes = {
  S: { B: 32, T: 50, I: 64, H: 128 },
  small: { B: 8, T: 100, I: 32, H: 32 },
} satisfies Record<string, Size>;
export type SizeName = keyof typeof sizes;
type Kind = keyof PageResult['kinds'];

/** How many times faster than tf.layers on the same backend, at least; and the most commands at S. */
export const floors: Readonly<
  Record<
    GpuBackend,
    Readonly<Record<SizeName, Readonly<Record<Kind, number>>>> & { readonly most: Record<Kind, number> }
  >
> = {
  webgl: {
    S: { forward: 1.5, training: 1.5 },
    small: { forward: 4, training: 5.5 },
    most: { forward: 70, training: 160 },
  },
  webgpu: {
    S: { forward: 4.5, training: 7.5 },
    small: { forward: 15, training: 15 },
    most: { forward: 8, training: 24 },
  },
};

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const verdict = (met: boolean) => (met ? 'pass' : 'SHORT');

/** A run as lines: what was measured, and what had to be reached. */
export function lines(backend: GpuBackend, size: SizeName, result: PageResult): string[] {
  const { driver, engine, kinds, difference } = result;
  const words = backend === 'webgl' ? 'draws' : 'dispatches';
  const table = (['forward', 'training'] as const).map((kind) => {
    const { engine: ours, layers } = kinds[kind];
    const times = (of: keyof Omit<Figures, 'count'>) => [median(ours[of]), median(layers[of])] as const;
    const [[ms, theirs], [enqueue, theirEnqueue]] = [times('ms'), times('enqueueMs')];
    const [ratio, floor] = [theirs / ms, floors[backend][size][kind]];
    const most = floors[backend].most[kind];
    const counted = size === 'S' ? `, at most ${most}: ${verdict(ours.count <= most)}` : '';
    const tenth =
      kind === 'training' && size === 'S' ? `, at least 10: ${verdict(theirEnqueue >= 10 * enqueue)}` : '';
    return [
      `  ${kind}: ${ms.toFixed(1)} ms, tf.layers ${theirs.toFixed(1)}: ${ratio.toFixed(1)} times, at least ${floor}: ${verdict(ratio >= floor)}`,
      `    ${ours.count} ${words}, tf.layers ${layers.count}${counted}`,
      `    to enqueue ${enqueue.toFixed(1)} ms, tf.layers ${theirEnqueue.toFixed(1)}: ${(theirEnqueue / enqueue).toFixed(0)} times${tenth}`,
      `    results differ by ${difference[kind].toExponential(1)} of the largest`,
    ];
  });
  return [
    `${backend} at ${size} (${Object.values(sizes[size]).join()}), ${driver}, engine ${engine}`,
    ...table.flat(),
  ];
}
