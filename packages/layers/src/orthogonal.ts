import type { Random } from '@gatewise/core';

const BLOCK = 4;

/**
 * A random matrix with orthonormal columns (rows, when there are fewer rows), uniform over all of them, [rows, cols].
 * The Q of the QR of a Gaussian matrix with the signs fixed (Mezzadri, 2007), made of its reflectors alone, without
 * the matrix (Stewart, 1980): Q = H_0 H_1 … H_{n-1} D, H_k = I − τ v vᵀ, v = x + sign(x_0) ‖x‖ e_0, x ~ N(0, I).
 */
export function orthogonal(rows: number, cols: number, random: Random): Float64Array {
  if (rows < cols) return transpose(orthogonal(cols, rows, random), cols, rows);
  // an even number of rows, the last may be zeros: they are taken in pairs
  const pairs = Math.ceil(rows / 2);
  const Q = new Float64Array(2 * pairs * cols); // [rows, cols]
  const V = new Float64Array(2 * pairs * BLOCK); // [rows, BLOCK], a reflector a column
  const normal = normals(random);
  for (let k = Math.floor((cols - 1) / BLOCK) * BLOCK; k >= 0; k -= BLOCK) {
    V.fill(0);
    const tau = new Float64Array(BLOCK);
    for (let i = 0; i < BLOCK && k + i < cols; i++) {
      tau[i] = drawReflector(V, i, k + i, rows, normal);
      // v_0 = x_0 + sign(x_0) ‖x‖ has the sign of x_0;  D_kk = −sign(x_0)
      Q[(k + i) * cols + k + i] = V[(k + i) * BLOCK + i]! < 0 ? 1 : -1;
    }
    reflect(Q, V, triangle(V, tau), k, cols);
  }
  return Q.subarray(0, rows * cols);
}

/** Column i of V ← the reflector of rows k…; returns τ = 2 / vᵀv. */
function drawReflector(V: Float64Array, i: number, k: number, rows: number, normal: () => number): number {
  let norm2 = 0;
  for (let r = k; r < rows; r++) {
    const x = normal();
    V[r * BLOCK + i] = x;
    norm2 += x * x;
  }
  const x0 = V[k * BLOCK + i]!;
  const norm = Math.sqrt(norm2);
  V[k * BLOCK + i] = x0 + (x0 < 0 ? -norm : norm);
  // vᵀv = 2 ‖x‖ (‖x‖ + |x_0|)
  return 1 / (norm * (norm + Math.abs(x0)));
}

/** The upper triangle T [BLOCK, BLOCK] of H_0 … H_{n-1} = I − V T Vᵀ (Schreiber and Van Loan, 1989). */
function triangle(V: Float64Array, tau: Float64Array): Float64Array {
  const T = new Float64Array(BLOCK * BLOCK);
  for (let j = 0; j < BLOCK; j++) {
    // T[:j, j] = −τ_j T[:j, :j] (V[:, :j]ᵀ v_j)
    const dots = Array.from({ length: j }, (_, i) => {
      let dot = 0;
      for (let p = 0; p < V.length; p += BLOCK) dot += V[p + i]! * V[p + j]!;
      return dot;
    });
    for (let i = 0; i < j; i++) {
      for (let m = i; m < j; m++) T[i * BLOCK + j]! -= tau[j]! * T[i * BLOCK + m]! * dots[m]!;
    }
    T[j * BLOCK + j] = tau[j]!;
  }
  return T;
}

/** Q ← (I − V T Vᵀ) Q on the trailing block of rows and columns k…: four reflectors, two rows at a time. */
function reflect(Q: Float64Array, V: Float64Array, T: Float64Array, k: number, cols: number): void {
  // W = Vᵀ Q
  const w0 = new Float64Array(cols);
  const w1 = new Float64Array(cols);
  const w2 = new Float64Array(cols);
  const w3 = new Float64Array(cols);
  for (let r = k, p = k * BLOCK; p < V.length; r += 2, p += 2 * BLOCK) {
    const [a, b, c, d] = [V[p]!, V[p + 1]!, V[p + 2]!, V[p + 3]!];
    const [e, f, g, h] = [V[p + 4]!, V[p + 5]!, V[p + 6]!, V[p + 7]!];
    for (let j = k, q = r * cols + k; j < cols; j++, q++) {
      const x = Q[q]!;
      const y = Q[q + cols]!;
      w0[j]! += a * x + e * y;
      w1[j]! += b * x + f * y;
      w2[j]! += c * x + g * y;
      w3[j]! += d * x + h * y;
    }
  }
  // Q ← Q − (V T) W
  for (let r = k, p = k * BLOCK; p < V.length; r += 2, p += 2 * BLOCK) {
    const [a, b, c, d] = [dot(V, p, T, 0), dot(V, p, T, 1), dot(V, p, T, 2), dot(V, p, T, 3)];
    const s = p + BLOCK;
    const [e, f, g, h] = [dot(V, s, T, 0), dot(V, s, T, 1), dot(V, s, T, 2), dot(V, s, T, 3)];
    for (let j = k, q = r * cols + k; j < cols; j++, q++) {
      const v0 = w0[j]!;
      const v1 = w1[j]!;
      const v2 = w2[j]!;
      const v3 = w3[j]!;
      Q[q]! -= a * v0 + b * v1 + c * v2 + d * v3;
      Q[q + cols]! -= e * v0 + f * v1 + g * v2 + h * v3;
    }
  }
}

/** The row of V at p times column j of the upper triangle T. */
function dot(V: Float64Array, p: number, T: Float64Array, j: number): number {
  let sum = 0;
  for (let i = 0; i <= j; i++) sum += V[p + i]! * T[i * BLOCK + j]!;
  return sum;
}

/** Standard normals, both of each Box and Muller pair. */
function normals(random: Random): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const r = Math.sqrt(-2 * Math.log(1 - random.uniform()));
    const phi = 2 * Math.PI * random.uniform();
    spare = r * Math.sin(phi);
    return r * Math.cos(phi);
  };
}

function transpose(A: Float64Array, rows: number, cols: number): Float64Array {
  const At = new Float64Array(A.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) At[j * rows + i] = A[i * cols + j]!;
  return At;
}
