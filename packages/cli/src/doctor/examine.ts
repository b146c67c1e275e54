import { backendNames, type ConcreteBackend } from '@gatewise/backends';
import { type Finding, partsOf } from './finding.js';
import { cudaFindings, nativeFinding, nodeFinding, wasmFindings } from './machine.js';
import { type Probe, probe } from './probe.js';

/** What the doctor knows of a machine, by part. */
export interface Examination {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, readonly Finding[]>>;
}

/** Why each backend of Node is worth having. */
const reasons: Partial<Record<ConcreteBackend, string>> = {
  cpu: 'every program here runs on it at least',
  wasm: 'several times faster than plain JavaScript where no native TensorFlow is',
  node: 'native TensorFlow: fast products, losses and optimisers',
  'node-gpu': 'native TensorFlow on an NVIDIA GPU',
  webgpu: 'any GPU, without CUDA',
};
const inNode = backendNames.filter((name) => name in reasons);

/** Looks at everything; what is in `need`, and what nothing works without, decides whether all is well. */
export async function examine(need: readonly string[] = []): Promise<Examination> {
  const backends: Finding[] = [];
  // one after the other: two that load TensorFlow or ask the same GPU at once would tell of each other
  for (const name of inNode) backends.push(backendFinding(name, await probe(name), need));
  const parts = {
    Machine: [nodeFinding(), ...(await wasmFindings())],
    Engines: [await nativeFinding()],
    Backends: backends,
    CUDA: cudaFindings(),
  };
  return {
    ok: Object.values(parts).every((found) => found.every(({ ok, required }) => ok || !required)),
    parts,
  };
}

/** What a probe says of a backend: its driver and the engine that runs recurrent layers on it, or what is missing. */
export function backendFinding(name: ConcreteBackend, answer: Probe, need: readonly string[] = []): Finding {
  const about = {
    name: `Backend ${name}`,
    required: name === 'cpu' || need.includes(name),
    why: reasons[name] as string,
  };
  if ('info' in answer) {
    const { driver, engine } = answer.info;
    return { ...about, ok: true, found: `${driver}; recurrent layers on ${engine}` };
  }
  return { ...about, ok: false, ...partsOf(new Error(answer.error)) };
}
