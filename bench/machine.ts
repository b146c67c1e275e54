import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** Where and when. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly vectors: string;
  readonly node: string;
  readonly system: string;
  /** Runnable processes, over a minute, at the start and at the end. */
  readonly load: readonly number[];
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    vectors: vectors(),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
    load: [loadavg()[0]!],
  };
}

/** The widest vector instructions that the processor names. */
function vectors(): string {
  try {
    const info = readFileSync('/proc/cpuinfo', 'utf8');
    return ['avx512f', 'avx2', 'asimd'].find((flag) => info.includes(flag)) ?? 'none known';
  } catch {
    return 'unknown';
  }
}

export function machineLines(machine: Machine, versions: ReadonlyMap<string, string>): string[] {
  const { date, cpu, cores, memoryGiB, vectors: wide, node, system, load } = machine;
  const distinct = [...new Set([...versions.values()])].filter((v) => v !== '');
  return [
    `${date} UTC; ${cpu}, ${cores} cores (${wide}), ${memoryGiB} GiB; ${system}; load ${load.map((l) => l.toFixed(1)).join(' → ')}`,
    `Node ${node}; ${distinct.join('; ')}`,
  ];
}

/** Figures of a machine that is busy with something else mean little. */
export function busyWarning({ cores, load }: Machine): string | undefined {
  if (load[0]! < 0.5 * cores) return undefined;
  return `The machine is busy (load ${load[0]!.toFixed(1)} on ${cores} cores): these figures will mean little.`;
}
