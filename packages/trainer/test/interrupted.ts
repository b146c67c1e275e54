import * as tf from '@tensorflow/tfjs';
import { train } from '../src/index.js';
import { line, plugin, points } from './fixtures.js';

/** Trains without end, and says each thing that happens: the tests of Ctrl-C read this. */
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const [mode] = process.argv.slice(2);

await tf.setBackend('cpu');
if (mode === 'own') process.on('SIGINT', () => say('own handler'));
const talker = plugin('talker', {
  onBatchEnd: ({ step }) =>
    void (step === 3 && say(`training, ${process.listenerCount('SIGINT')} listening`)),
  async onValidationBegin() {
    say('validation');
    // as a long validation: until the second Ctrl-C
    if (mode === 'twice') await new Promise((done) => setTimeout(done, 60_000));
  },
  onEpochEnd: ({ logs }) => say(`epoch with${logs.valLoss === undefined ? 'out' : ''} a score`),
  onTrainEnd: (_, end) => say(`saved, ${end.reason}`),
});
const endless = function* () {
  for (;;) yield* points(4)();
};
const result = await train(line(), endless, {
  epochs: 1,
  optimizer: tf.train.sgd(0.01),
  validation: points(1),
  plugins: [talker],
  ...(mode === 'own' && { maxTime: 1 }),
  ...(mode === 'off' && { interruptible: false }),
});
say(`${result.reason}: ${result.reason === 'stopped' && result.why}`);
say(`${process.listenerCount('SIGINT')} listening`);
