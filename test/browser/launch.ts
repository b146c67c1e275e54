import { type Browser, chromium } from 'playwright-core';

/** Beside what playwright sets: nothing that reaches out of this machine. */
const args = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A Chromium with an empty profile; without its sandbox, which root cannot have: it opens pages of this project alone. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, headless: true, chromiumSandbox: false, timeout: 120_000, args });
