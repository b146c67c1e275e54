import { definePlugin, type Logger, type PartTime, type Plugin, type Times, Tokens } from '@gatewise/plugin';
import { table } from './table.js';

/** The hooks of one run. */
function profileHooks(times: Times, logger: Logger): Omit<Plugin, 'name'> {
  let began = times.read();
  let firstStep = 0;
  let last = { times: began, step: 0 };
  const since = (from: Readonly<Record<string, PartTime>>) => differences(times.read(), from);
  return {
    // after everybody's hooks of an epoch
    order: 'post',
    onTrainBegin({ step }) {
      began = times.read();
      firstStep = step;
      last = { times: began, step };
    },
    onEpochEnd({ step, report }) {
      const steps = step - last.step;
      for (const [part, { ms }] of Object.entries(since(last.times))) {
        if (steps > 0) report(`time/${part.replaceAll(' ', '-')}`, ms / steps);
      }
      last = { times: times.read(), step };
    },
    onTrainEnd({ step }) {
      for (const line of table(since(began), step - firstStep)) logger.info(line);
    },
  };
}

function differences(
  now: Readonly<Record<string, PartTime>>,
  before: Readonly<Record<string, PartTime>>,
): Record<string, PartTime> {
  const parts = Object.entries(now).map(([name, { ms, count }]) => {
    const earlier = before[name] ?? { ms: 0, count: 0 };
    return [name, { ms: ms - earlier.ms, count: count - earlier.count }] as const;
  });
  return Object.fromEntries(parts.filter(([, { ms, count }]) => ms > 0 || count > 0));
}

const plugin = definePlugin(
  'profile',
  (_: object, times: Times, logger: Logger) => profileHooks(times, logger),
  [Tokens.Times, Tokens.Logger],
);

/**
 * Where a step's time goes: data, forward and backward, update, validation, the hooks of each plugin, the rest. Reports
 * `time/<part>` of each epoch, milliseconds a step, and says all of them as a table at the end. It costs two looks at the clock
 * a part and step, which the trainer takes anyway. On a GPU a part is the time to enqueue it; whoever reads a number waits.
 *
 * @example
 * await train(model, batches, { optimizer, plugins: [progress(), profile()] });
 */
export const profile = () => plugin({});
