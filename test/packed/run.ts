import { spawn } from 'node:child_process';

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a program runs: its folder, and what its environment has beside this one's. */
export interface Place {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What npm sets for its scripts is the workspace's, not that of the project under test. */
const clean = Object.fromEntries(
  Object.entries(process.env).filter(([key]) => !/^(npm_|NODE_OPTIONS$|VITEST|INIT_CWD$)/i.test(key)),
);

/** Runs a program to its end, whatever that is. Asynchronous: the registry lives in this process. */
export function attempt(command: string, args: readonly string[], { cwd, env = {} }: Place): Promise<Said> {
  const child = spawn(command, args, {
    cwd,
    env: { ...clean, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, stdout, stderr }));
  });
}

/** Runs a program that has to succeed; gives what it wrote. */
export async function run(command: string, args: readonly string[], place: Place): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, args, place);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
}
