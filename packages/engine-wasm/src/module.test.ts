import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule, decode, type Exports, type Variant, variantsHere } from './load.js';
import { toShared } from './shared.js';
import { atEnd } from './test-support/ulp.js';

const variants: Variant[] = ['simd', 'relaxed'];

/** The ids of the sections of a module. */
function sections(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++]!);
    let [size, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at++]!;
      size |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    at += size;
  }
  return ids;
}

describe.each(variants)('the module, %s', (variant) => {
  it('takes at most 20 KB of a page, compressed', () => {
    expect(gzipSync(decode(variant)).length).toBeLessThanOrEqual(20 * 1024);
  });

  it('has no data and no start, so that it may live in memory of others', () => {
    const [DATA, START] = [11, 8];
    expect(sections(decode(variant))).not.toContain(DATA);
    expect(sections(decode(variant))).not.toContain(START);
  });
});

describe.each(variantsHere())('compiled, %s', (variant) => {
  it('imports its memory and nothing else', () => {
    const module = new WebAssembly.Module(decode(variant));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });

  describe('in memory that threads share', () => {
    const memory = new WebAssembly.Memory({ initial: 300, maximum: 65536, shared: true });
    let exports: Exports;
    beforeAll(async () => {
      exports = (await compileModule(variant)).instantiate(memory, atEnd(memory));
    });

    it('does the same', () => {
      const x = new Float32Array(memory.buffer, 64, 4);
      x.set([0, 1, -1, 20]);
      exports.math(2, 64, 128, 4);
      const y = [...new Float32Array(memory.buffer, 128, 4)];
      expect(y.map((v) => v.toFixed(6))).toEqual(['0.000000', '0.761594', '-0.761594', '1.000000']);
    });

    it('has the same code', () => {
      const [alone, shared] = [decode(variant), toShared(decode(variant))];
      const code = alone.length - 1000;
      expect(shared.slice(shared.length - code)).toEqual(alone.slice(alone.length - code));
      expect(shared).not.toEqual(alone);
    });
  });
});
