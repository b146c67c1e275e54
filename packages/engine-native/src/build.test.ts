import { describe, expect, it } from 'vitest';
import { BuildError, findCompiler, kernelFlags } from '../build.mjs';

describe('the build', () => {
  it('names the compilers it looked for and what to install', () => {
    expect(() => findCompiler(['no-such-compiler', undefined])).toThrow(BuildError);
    expect(() => findCompiler(['no-such-compiler'])).toThrow(
      /^GW_SETUP_COMPILER: got no C\+\+ compiler \(tried no-such-compiler\).*npm run setup:native/,
    );
  });

  it('takes three instruction sets on x64, one elsewhere, and never a flag that breaks NaN', () => {
    expect(kernelFlags('x64').map(({ name }) => name)).toEqual(['baseline', 'avx2', 'avx512']);
    expect(kernelFlags('arm64').map(({ name }) => name)).toEqual(['baseline']);
    expect(kernelFlags('x64').flatMap(({ flags }) => flags)).not.toContain('-ffast-math');
  });
});
