import { cellSuite } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { myCell } from './index.js';

cellSuite({ describe, it }, myCell, { backend: () => tf.setBackend('cpu') });
