import { type BackendName, useBackend } from '@gatewise/backends';
import { describe } from 'vitest';

/** Why a backend does not start here, or null. */
export async function whyNot(name: BackendName): Promise<string | null> {
  try {
    await useBackend(name);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const reasons = new Map<BackendName, string | null>([['node', await whyNot('node')]]);

/** Registers tests for a backend; where native TensorFlow is not set up they show up as skipped, with the reason. */
export function onBackend(name: BackendName, body: () => void): void {
  const reason = reasons.get(name) ?? null;
  if (reason === null) body();
  else describe.skip(`backend ${name}: ${reason}`, body);
}
