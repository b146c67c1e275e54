import '@tensorflow/tfjs';
import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { cellSuite } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';

const all: AnyCell[] = [...Object.values(cells), lstmPeephole, indrnn];
for (const cell of all) cellSuite({ describe, it }, cell, { backend: () => tf.setBackend('cpu') });
