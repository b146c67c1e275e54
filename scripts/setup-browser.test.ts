import { describe, expect, it } from 'vitest';
import { aloneForEach, installs } from './setup-alone.js';

const { bin, program, setup } = aloneForEach(
  'setup-browser.mjs',
  'setupBrowserWherePossible',
  'findChromium',
);

describe.skipIf(process.platform === 'win32')('setup-browser', () => {
  it('takes the browser on the path, and one that is named before it', () => {
    const chromium = program('chromium', 'echo Chromium');
    expect(setup()).toBe(`found ${chromium}\n`);
    const other = program('other', 'echo Chromium');
    expect(setup({ GATEWISE_CHROMIUM: other })).toBe(`found ${other}\n`);
  });

  it('says what is missing, what it tried, and how to get one', () => {
    const output = setup();
    expect(output).toMatch(
      /setup:browser: left out, .* skipped: GW_SETUP_CHROMIUM: wanted a Chromium, got none .*GATEWISE_CHROMIUM/,
    );
    expect(output).toMatch(/playwright-core install chromium failed:/);
    expect(output).toMatch(/\nfound GW_SETUP_CHROMIUM\n$/);
  });

  it.runIf(installs)("installs Debian's package, and says what apt-get said where it can't", () => {
    program('apt-get', 'echo no network; exit 100');
    expect(setup()).toMatch(/apt-get update failed:\nno network/);
    const chromium = bin('chromium');
    program('apt-get', `[ "$1" = update ] && exit 0; echo 'exit 0' > ${chromium}; /bin/chmod +x ${chromium}`);
    expect(setup()).toBe(
      `setup:browser: installing chromium with apt-get\nsetup:browser: done: ${chromium}\nfound ${chromium}\n`,
    );
  });

  it('installs nothing where a name is wrong', () => {
    const output = setup({ GATEWISE_CHROMIUM: bin('nothing') });
    expect(output).toMatch(/^setup:browser: left out.*got GATEWISE_CHROMIUM=.*nothing, which is no program/);
    expect(output.split('\n')).toHaveLength(3);
  });

  it('passes over a browser that does not start, and says what it said', () => {
    const broken = program('chromium', 'echo libnss3.so is missing; exit 127');
    expect(setup()).toContain(`got ${broken}, which does not start (libnss3.so is missing); likely fix:`);
    const other = program('chromium-browser', 'echo Chromium');
    expect(setup()).toBe(`found ${other}\n`);
  });
});
