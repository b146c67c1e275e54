import { builtin } from './node.js';

/** The machine that a run is on, without its name. */
export interface Machine {
  /** `linux x64, 6.1.0`, or what the browser calls its system. */
  readonly system: string;
  readonly processor?: string;
  /** Threads of the processor. */
  readonly threads: number;
  readonly memoryBytes?: number;
}

export function describeMachine(): Machine {
  const os = builtin('node:os');
  if (os) {
    const [first] = os.cpus();
    return {
      system: `${os.platform()} ${os.arch()}, ${os.release()}`,
      ...(first && { processor: first.model.trim() }),
      threads: os.cpus().length,
      memoryBytes: os.totalmem(),
    };
  }
  const { platform, hardwareConcurrency } = globalThis.navigator;
  return { system: platform, threads: hardwareConcurrency };
}
