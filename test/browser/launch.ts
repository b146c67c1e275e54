import { type Browser, chromium } from 'playwright-core';
import type { PageKind } from './page/suites.js';

/** Beside what playwright sets: nothing that reaches out of this machine. */
const args = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where a page has a GPU, it is SwiftShader, which runs on the CPU: the same everywhere. */
const webgl = ['--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const gpu: Partial<Record<PageKind, readonly string[]>> = {
  webgpu,
  webgl,
  'webgl-long': webgl,
  'webgl-lost': webgl,
  all: [...webgl, ...webgpu],
};

/** A Chromium with an empty profile; without its sandbox, which root cannot have: it opens pages of this project alone. */
export const launch = (executablePath: string, kind: PageKind): Promise<Browser> =>
  chromium.launch({
    ...{ executablePath, headless: true, chromiumSandbox: false, timeout: 120_000 },
    args: [...args, ...(gpu[kind] ?? ['--disable-gpu'])],
  });
