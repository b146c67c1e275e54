const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
const STEPS = 50;
const TARGET = 0.7;

/**
 * A network of one unit that reads nothing (Pascanu, Mikolov and Bengio, 2013): h_t = σ(w h_{t-1} + b), h_0 = ½. Its error
 * after 50 steps, E = (h_50 − 0.7)², and the gradient ∂E/∂w, ∂E/∂b by backpropagation through time.
 */
export function cliff(w: number, b: number): { E: number; dw: number; db: number } {
  const hs = [0.5];
  for (let t = 1; t <= STEPS; t++) hs.push(sigmoid(w * hs[t - 1]! + b));
  let dh = 2 * (hs[STEPS]! - TARGET);
  let [dw, db] = [0, 0];
  for (let t = STEPS; t > 0; t--) {
    // δa = δh ⊗ h(1 − h)
    const da = dh * hs[t]! * (1 - hs[t]!);
    dw += da * hs[t - 1]!;
    db += da;
    dh = da * w;
  }
  return { E: (hs[STEPS]! - TARGET) ** 2, dw, db };
}
