import { GatewiseError } from '@gatewise/core';
import type { Comparison } from '@gatewise/interop';
import { replayClip } from './clip.js';
import { type GoldenFile, parseGolden } from './file.js';
import { replayInterchange } from './interchange.js';
import { replayLoss, replayModelLoss } from './losses.js';
import { replayOnnx, replayOnnxNode } from './onnx.js';
import { replayCell, replayStack } from './recurrent.js';
import { type GoldenOptions, Skip } from './run.js';
import { replayTrain } from './train.js';

/** What came of one file. */
export interface GoldenResult {
  readonly file: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what went wrong before anything could be compared. */
  readonly reason?: string;
  readonly comparisons: readonly Comparison[];
}

const kinds: Readonly<Record<string, (file: GoldenFile, options: GoldenOptions) => Promise<Comparison[]>>> = {
  cell: replayCell,
  stack: replayStack,
  loss: replayLoss,
  'model-loss': replayModelLoss,
  clip: replayClip,
  train: replayTrain,
  'onnx-node': replayOnnxNode,
  onnx: replayOnnx,
  safetensors: replayInterchange,
  keras: replayInterchange,
};

/**
 * Replays one golden file, given as parsed JSON, on the backend in use. Never throws: whatever goes wrong is the
 * result's `reason`, and what this library cannot do yet is skipped.
 * @param name shown in the result
 */
export async function replayGolden(
  name: string,
  json: unknown,
  options: GoldenOptions = {},
): Promise<GoldenResult> {
  try {
    const file = parseGolden(json);
    const replay = kinds[file.kind];
    if (!replay) throw new Skip(`files of kind "${file.kind}" are not replayed here yet`);
    const comparisons = await replay(file, options);
    if (comparisons.length === 0) throw new GatewiseError('GW_GOLDEN_MISSING', 'got nothing to compare');
    return { file: name, status: comparisons.every((c) => c.passed) ? 'passed' : 'failed', comparisons };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { file: name, status: error instanceof Skip ? 'skipped' : 'failed', reason, comparisons: [] };
  }
}
