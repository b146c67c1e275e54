import manifest from '../package.json' with { type: 'json' };
import { builtin, isNode, requireFrom } from './environment.js';
import { graphicsOfPage } from './gpu.js';

/** What a choice was measured on: any difference here, and it is measured again. */
export async function describeMachine(): Promise<Readonly<Record<string, unknown>>> {
  return { gatewise: manifest.version, ...(isNode() ? nodeMachine() : await pageMachine()) };
}

/** Packages that bring a backend. */
const packages = ['tfjs-node', 'tfjs-node-gpu', 'tfjs-backend-wasm', 'tfjs-backend-webgpu'].map(
  (name) => `@tensorflow/${name}`,
);

function nodeMachine() {
  const os = builtin('node:os');
  const version = (name: string) => {
    try {
      return requireFrom(import.meta.url)(`${name}/package.json`).version as string;
    } catch {
      return null;
    }
  };
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    system: `${os.platform()} ${os.arch()}`,
    node: process.version,
    graphics: graphicsCards(),
    packages: [...packages, 'webgpu'].map(version),
  };
}

/** Vendor and device of every card, and NVIDIA's driver: what Linux says without loading anything. */
function graphicsCards(): string[] {
  const { readdirSync, readFileSync } = builtin('node:fs');
  const read = (file: string) => {
    try {
      return [readFileSync(file, 'utf8').split('\n')[0]!.trim()];
    } catch {
      return [];
    }
  };
  const folder = '/sys/class/drm';
  let cards: string[] = [];
  try {
    cards = readdirSync(folder).filter((name) => /^card\d+$/.test(name));
  } catch {
    // another system, or a container: the processor and the backend's own driver must do
  }
  const numbers = (card: string) =>
    ['vendor', 'device'].flatMap((name) => read(`${folder}/${card}/device/${name}`)).join(':');
  return [...cards.map(numbers), ...read('/proc/driver/nvidia/version')];
}

async function pageMachine() {
  return {
    browser: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    isolated: globalThis.crossOriginIsolated === true,
    ...(await graphicsOfPage()),
  };
}
