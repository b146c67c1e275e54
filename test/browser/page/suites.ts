import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { engineSuite, type Runner } from '@gatewise/testing';
import { properties } from '../../sequences/properties.js';
import { autoSuite } from './auto.js';
import { backend, type PageBackend } from './backend.js';
import { goldenSuite } from './golden.js';
import { interopSuite } from './interop.js';
import { growthSuite, memorySuite } from './memory.js';
import { textSuite } from './text.js';
import { trainingSuite } from './training.js';
import { lostContextSuite, webglPageSuite } from './webgl.js';
import { webgpuPageSuite } from './webgpu.js';

/**
 * `policy`: a strict Content-Security-Policy; `sealed`: one that forbids WebAssembly too; `isolated`: cross-origin isolated;
 * `older`: a browser without relaxed SIMD; `webgpu`: with WebGPU; `webgl`, with every cell on every
 * path in `webgl-long`, and `webgl-lost`, which loses its context; `all`, with WebGL and WebGPU.
 */
export type PageKind =
  | ('plain' | 'policy' | 'sealed' | 'isolated' | 'older' | 'webgpu')
  | ('webgl' | 'webgl-long' | 'webgl-lost' | 'all');

const all: readonly AnyCell[] = [...Object.values(cells), lstmPeephole, indrnn];
const some = [cells.lstm, cells.gru, lstmPeephole] as unknown as readonly AnyCell[];

/** Every size is a shader of its own there. */
const few = { numRuns: 3, within: 2e-5 };

/** What a page has: golden files by their paths, a GPU that WebGPU may use. */
export interface Surroundings {
  readonly files: readonly string[];
  readonly webgpu: boolean;
}

/** The tests of each kind of page. */
export function suites(runner: Runner, kind: PageKind, has: Surroundings): void {
  const { files } = has;
  const engine = (name: string, on: PageBackend, list: readonly AnyCell[]) =>
    engineSuite(runner, { engine: name, on, backend: () => backend(on), cells: list });
  const golden = (name: string, on: PageBackend) => goldenSuite(runner, files, { engine: name, on });
  if (kind === 'webgpu') {
    webgpuPageSuite(runner, files, some.slice(0, 1));
    properties(runner, { engine: 'webgpu', use: () => backend('webgpu'), ...few });
    return;
  }
  if (kind === 'all') {
    autoSuite(runner);
    textSuite(runner, has.webgpu); // also on what `auto` has let go
    return;
  }
  if (kind === 'webgl-lost') {
    lostContextSuite(runner);
    return;
  }
  if (kind === 'webgl' || kind === 'webgl-long') {
    webglPageSuite(runner, files, kind === 'webgl-long');
    properties(runner, { engine: 'webgl', use: () => backend('webgl'), ...few });
    return;
  }
  if (kind === 'sealed') {
    engine('ops', 'cpu', some);
    return;
  }
  if (kind === 'plain') {
    engine('ops', 'cpu', some);
    engine('ops', 'wasm', some);
  }
  if (kind === 'plain' || kind === 'older') {
    engine('wasm', 'cpu', all);
    golden('wasm', 'cpu');
  }
  engine('wasm', 'wasm', kind === 'plain' ? all : some); // golden files have the other cells
  golden('wasm', 'wasm');
  memorySuite(runner);
  if (kind === 'policy') interopSuite(runner);
  if (kind === 'plain' || kind === 'isolated') growthSuite(runner);
  trainingSuite(runner);
}
