// The gradient of a gather.
import { add, fill } from './memory';

/** out [segments, width] = Σ x [k] over ids [k] = s, k < rows; ids outside [0, segments) add to nothing. */
export function segmentSum(x: usize, ids: usize, rows: i32, width: i32, segments: i32, out: usize): void {
  fill(out, 0, <usize>segments * width);
  for (let k = 0; k < rows; k++, x += <usize>width << 2) {
    const id = load<i32>(ids + (<usize>k << 2));
    if (id >= 0 && id < segments) add(out + <usize>id * width * 4, x, width);
  }
}
