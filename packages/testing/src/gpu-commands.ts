/** What a GPU is told to do: dispatches of WebGPU, draws of WebGL. The same on every machine, unlike times. */
const calls: readonly (readonly [string, readonly string[]])[] = [
  ['GPUComputePassEncoder', ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect']],
  ['WebGL2RenderingContext', ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']],
];

/** How many of them `body` makes. Example: `countGpuCommands(() => model.predict(x))`. */
export function countGpuCommands(body: () => void): number {
  let count = 0;
  const undo: (() => void)[] = [];
  for (const [name, methods] of calls) {
    const type = (
      globalThis as unknown as Record<string, { prototype: Record<string, unknown> } | undefined>
    )[name];
    if (type === undefined) continue;
    for (const method of methods) {
      const original = type.prototype[method] as (...args: unknown[]) => unknown;
      type.prototype[method] = function (this: unknown, ...args: unknown[]) {
        count++;
        return original.apply(this, args);
      };
      undo.push(() => {
        type.prototype[method] = original;
      });
    }
  }
  try {
    body();
  } finally {
    for (const back of undo) back();
  }
  return count;
}
