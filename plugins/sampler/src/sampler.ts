import { GatewiseError, type Random } from '@gatewise/core';
import {
  type Awaitable,
  definePlugin,
  type EpochContext,
  type Logger,
  type Plugin,
  type Texts,
  Tokens,
} from '@gatewise/plugin';
import { type Symbols, type TextModel, type WriteOptions, writeText } from './write-text.js';

/** Where the run stands when a text is asked for; `random` is seeded by it, and its place goes into checkpoints. */
export interface WriteContext {
  readonly epoch: number;
  readonly step: number;
  readonly random: Random;
}
/** Gives a text, or several by name. */
export type Write = (at: WriteContext) => Awaitable<string | Readonly<Record<string, string>>>;

export interface SamplerOptions {
  /** `characters(…)`, or your own. */
  readonly write: Write;
  /** After every so many epochs. Default 1. */
  readonly every?: number | undefined;
}
interface Checked {
  readonly write: Write;
  readonly every: number;
}

function checked({ write, every = 1 }: SamplerOptions): Checked {
  const refuse = (what: string) => new GatewiseError('GW_SAMPLER_OPTIONS', what);
  if (typeof write !== 'function')
    throw refuse(`got write of type ${typeof write}, wanted a function that gives text`);
  if (!Number.isInteger(every) || every < 1)
    throw refuse(`got every ${every}, wanted a whole number of epochs, 1 or more`);
  return { write, every };
}

function samplerHooks({ write, every }: Checked, texts: Texts, logger: Logger): Omit<Plugin, 'name'> {
  return {
    async onEpochEnd({ epoch, step, random }: EpochContext) {
      if ((epoch + 1) % every !== 0) return;
      const written = await write({ epoch, step, random });
      const named = typeof written === 'string' ? { sample: written } : written;
      for (const [name, text] of Object.entries(named)) {
        texts.add({ name, step, text });
        // one line, whatever the text has
        logger.info(`${name}, epoch ${epoch + 1}: ${text.replaceAll(/\r?\n/g, ' ⏎ ')}`);
      }
    },
  };
}

const plugin = definePlugin(
  'sampler',
  (options: Checked, texts: Texts, logger: Logger) => samplerHooks(options, texts, logger),
  [Tokens.Texts, Tokens.Logger],
);

/**
 * Text that the model writes after each epoch: logged, and handed to `report` and `tensorboard` where they are on. Errors:
 * `GW_SAMPLER_OPTIONS`, `GW_SAMPLER_PROMPT`, `GW_SAMPLER_MODEL`.
 *
 * @example
 * sampler({ write: characters({ model, vocabulary, prompt: 'Call me', length: 200, temperature: 0.8 }) });
 */
export const sampler = (options: SamplerOptions) => plugin(checked(options));

export interface CharacterOptions extends WriteOptions {
  readonly model: TextModel;
  readonly vocabulary: Symbols;
}

/** What a character model writes, seeded by the run. Errors: as of `writeText`. */
export const characters =
  ({ model, vocabulary, ...how }: CharacterOptions): Write =>
  ({ random }) =>
    writeText(model, vocabulary, how, random);
