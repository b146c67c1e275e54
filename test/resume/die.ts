import { writeSync } from 'node:fs';
import fs from 'node:fs/promises';
import { definePlugin } from '@gatewise/plugin';

/** Kills this process with SIGKILL at event number `at`, and says at which: hooks of training and calls of the file system. */
export function dieAt(at: number) {
  let count = 0;
  const event = (what: string) => {
    if (++count !== at) return;
    writeSync(1, `dying in ${what}\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  const calls = fs as unknown as Record<string, (...args: never[]) => unknown>;
  for (const name of ['open', 'rename', 'unlink', 'readdir'] as const) {
    const call = calls[name]!;
    calls[name] = async (...args) => {
      event(`file ${name}`);
      const result = (await call(...args)) as fs.FileHandle;
      if (name === 'open') watchHandle(result, event);
      return result;
    };
  }
  const hooks = ['onBatchBegin', 'beforeUpdate', 'onBatchEnd', 'onValidationBegin', 'onEpochEnd'] as const;
  const plugin = definePlugin('events', () => ({
    order: 'post' as const,
    ...Object.fromEntries(hooks.map((hook) => [hook, () => event(hook)])),
  }));
  return plugin({});
}

/** An event with half of the bytes written, one before they are flushed and one after. */
function watchHandle(handle: fs.FileHandle, event: (what: string) => void): void {
  const { sync } = handle;
  handle.writeFile = async (data) => {
    const bytes = data as Uint8Array;
    const half = bytes.byteLength >> 1;
    await handle.write(bytes, 0, half);
    event('file half written');
    await handle.write(bytes, half);
  };
  handle.sync = async () => {
    event('file written');
    await sync.call(handle);
    event('file flushed');
  };
}
