import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from './main.js';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs the program; gives what it wrote and its exit code. */
async function gatewise(...args: string[]) {
  let out = '';
  let err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(console, 'error').mockImplementation((...parts) => {
    err += `${parts.map((part) => (part instanceof Error ? part.stack : part)).join(' ')}\n`;
  });
  await main(args);
  const code = process.exitCode ?? 0;
  vi.restoreAllMocks();
  return { code, out, err };
}

const commands = ['new', 'train', 'sample', 'bench', 'export', 'import', 'doctor'];

describe('gatewise', () => {
  it('lists its commands', async () => {
    const { code, out } = await gatewise('--help');
    expect(code).toBe(0);
    for (const command of commands) expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect((await gatewise('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(commands)('%s explains itself', async (command) => {
    const { code, out } = await gatewise(command, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: gatewise ${command} `));
    expect(out).toContain('--debug');
  });

  it.each([
    ['no command', [], /^GW_CLI_USAGE: got no command; gatewise --help/],
    ['a slip', ['trian'], /^GW_CLI_USAGE: unknown command 'trian' \(Did you mean train\?\)/],
    ['an option that is not there', ['train', 'a', '--cel', 'gru'], /^GW_CLI_USAGE: .*Did you mean --cell/],
    ['a value that is not there', ['train', 'a', '--cell', 'transformer'], /^GW_CLI_USAGE: .*lstm, gru/],
    ['a missing kind', ['new'], /^GW_CLI_USAGE: got no kind, wanted such as: plugin/],
    ['a missing option', ['export', 'a'], /^GW_CLI_USAGE: required option '--out/],
    ['a missing format', ['export', 'a', '--out', 'b'], /^GW_CLI_USAGE: got no format, .*--standalone/],
  ])('%s is a message and exit code 2', async (_, args, message) => {
    const { code, err } = await gatewise(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it('what fails is a message and exit code 1, with a stack under --debug alone', async () => {
    const plain = await gatewise('sample', '/nowhere');
    expect(plain.code).toBe(1);
    expect(plain.err).toMatch(/^GW_RUN_MISSING: [^\n]*\n$/);
    expect((await gatewise('sample', '/nowhere', '--debug')).err).toMatch(/\n {4}at /);
  });
});
