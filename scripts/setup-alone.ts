import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach } from 'vitest';

const scripts = dirname(fileURLToPath(import.meta.url));

/** Whether a set-up step installs Debian's package here. */
export const installs = existsSync('/etc/debian_version') && process.getuid?.() === 0;

/** What a test asks of a set-up step that stands alone. */
export interface Alone {
  /** The folder of programs on its path. */
  bin(name: string): string;
  /** Puts a shell script there. */
  program(name: string, text: string): string;
  /** Its exports `setUp` and then `find`; all that was printed, the found program, or the code of the error, last. */
  setup(env?: Record<string, string>): string;
}

/** The real script, for each test in a folder of its own, with a path that has only the programs that the test puts there. */
export function aloneForEach(script: string, setUp: string, find: string): Alone {
  let clone = '';
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'gatewise-setup-'));
    for (const folder of ['scripts', 'bin']) mkdirSync(join(clone, folder));
    for (const file of ['setup.mjs', script]) copyFileSync(join(scripts, file), join(clone, 'scripts', file));
  });
  afterEach(() => rmSync(clone, { recursive: true, force: true }));
  const bin = (name: string) => join(clone, 'bin', name);
  const text = `
    import { ${find}, ${setUp} } from './scripts/${script}';
    await ${setUp}();
    console.log('found', await ${find}().catch(({ code }) => code));
  `;
  return {
    bin,
    program: (name, lines) => {
      writeFileSync(bin(name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
      return bin(name);
    },
    setup: (env = {}) => {
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
        cwd: clone,
        encoding: 'utf8',
        env: { PATH: join(clone, 'bin'), ...env },
      });
      return child.stdout + child.stderr;
    },
  };
}
