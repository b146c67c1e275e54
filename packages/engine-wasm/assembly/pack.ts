// A matrix as panels of 8 columns.
import { NR, Panels, ROW } from './gemm';
import { least, take } from './memory';

/** Columns [N·block + 8·panel, …) of M [K, *], rows of `cols` bytes → [K][8], zeros beyond N. */
export function packColumns(M: usize, cols: usize, K: i32, N: i32, block: i32, panel: i32, out: usize): void {
  const width = least(NR, N - panel * NR);
  let from = M + (<usize>block * N + panel * NR) * 4;
  for (let k = 0; k < K; k++, from += cols, out += ROW) {
    if (width == NR) {
      v128.store(out, v128.load(from)), v128.store(out, v128.load(from, 16), 16);
      continue;
    }
    for (let q = 0; q < NR; q++) {
      store<f32>(out + (<usize>q << 2), q < width ? load<f32>(from + (<usize>q << 2)) : 0);
    }
  }
}

/** The transpose of a block: rows [8·panel, …) of M [N, *], columns [K·block, …) → [K][8], zeros beyond N. */
export function packRows(M: usize, cols: usize, K: i32, N: i32, block: i32, panel: i32, out: usize): void {
  const width = least(NR, N - panel * NR);
  const from = M + <usize>panel * NR * cols + <usize>block * K * 4;
  for (let k0 = 0; k0 < K; k0 += 16) {
    const k1 = least(K, k0 + 16);
    for (let q = 0; q < NR; q++) {
      for (let k = k0; k < k1; k++) {
        const v: f32 = q < width ? load<f32>(from + <usize>q * cols + (<usize>k << 2)) : 0;
        store<f32>(out + <usize>k * ROW + (<usize>q << 2), v);
      }
    }
  }
}

/** Lays out panels of `blocks` blocks [K,N] of a matrix with `cols` columns; takes their memory from the arena. */
export function layPanels(p: Panels, M: usize, blocks: i32, K: i32, N: i32, cols: i32, inPlace: bool): void {
  p.K = K, p.N = N, p.cols = <usize>cols << 2;
  p.place = inPlace ? M : 0;
  p.packed = take(M != 0 ? <u64>blocks * p.count * K * NR : 0);
}

/** Packs what is not read in place. */
export function packPanels(p: Panels, M: usize, blocks: i32, transposed: bool): void {
  if (M == 0) return;
  const count = p.count;
  for (let block = 0; block < blocks; block++) {
    for (let panel = 0; panel < count; panel++) {
      if (p.place != 0 && (panel + 1) * NR <= p.N) continue;
      const to = p.packed + (<usize>block * count + panel) * p.K * ROW;
      if (transposed) packRows(M, p.cols, p.K, p.N, block, panel, to);
      else packColumns(M, p.cols, p.K, p.N, block, panel, to);
    }
  }
}
