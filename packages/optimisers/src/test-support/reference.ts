/** The rules of PyTorch in float64, one number at a time: slots are made at 0. */
export type Step = (w: number, g: number, slots: number[], t: number, rate: number) => number;

export const references: Readonly<Record<string, { readonly slots: number; readonly step: Step }>> = {
  sgd: { slots: 0, step: (w, g, _, __, rate) => w - rate * g },
  momentum: {
    slots: 1,
    step(w, g, slots, _, rate) {
      slots[0] = 0.8 * slots[0]! + g;
      return w - rate * slots[0];
    },
  },
  nesterov: {
    slots: 1,
    step(w, g, slots, _, rate) {
      slots[0] = 0.8 * slots[0]! + g;
      return w - rate * (g + 0.8 * slots[0]);
    },
  },
  rmsprop: {
    slots: 1,
    step(w, g, slots, _, rate) {
      slots[0] = 0.9 * slots[0]! + (1 - 0.9) * g ** 2;
      return w - (rate * g) / (Math.sqrt(slots[0]) + 1e-6);
    },
  },
  adam: { slots: 2, step: adamStep },
  adamw: { slots: 2, step: (w, g, slots, t, rate) => adamStep(w * (1 - rate * 0.3), g, slots, t, rate) },
};

function adamStep(w: number, g: number, slots: number[], t: number, rate: number): number {
  slots[0] = 0.8 * slots[0]! + (1 - 0.8) * g;
  slots[1] = 0.99 * slots[1]! + (1 - 0.99) * g ** 2;
  const mean = slots[0] / (1 - 0.8 ** t);
  const variance = slots[1] / (1 - 0.99 ** t);
  return w - (rate * mean) / (Math.sqrt(variance) + 1e-7);
}
