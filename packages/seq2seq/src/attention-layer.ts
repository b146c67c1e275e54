import { foldKey, GatewiseError, hashText } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type Shape } from '@tensorflow/tfjs-layers';
import { attend, cleanMemory } from './attend.js';
import { type ScoreName, scores } from './score.js';

type LayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

export interface AttentionConfig extends LayerArgs {
  /** Of the starting weights; the layer's name where absent. */
  seed?: number;
}
export interface AdditiveAttentionConfig extends AttentionConfig {
  /** A: width of the layer between query and memory; that of the query where absent. */
  units?: number;
}

/** A memory made ready for queries. */
export interface Memory {
  readonly memory: tf.Tensor3D; // [B,S,M]
  readonly keys: tf.Tensor3D; // [B,S,…]
  readonly mask: tf.Tensor | undefined; // [B,S]
}

/** Attention as a tf.layers layer; make one with `dotAttention`, `generalAttention` or `additiveAttention`. */
export class AttentionLayer extends layers.Layer {
  static className = 'GatewiseAttention';
  readonly #config: AdditiveAttentionConfig & { readonly score: ScoreName };

  constructor(config: AdditiveAttentionConfig & { score: ScoreName }) {
    const { score, units, seed, ...args } = config;
    super(args);
    if (!Object.hasOwn(scores, score)) {
      fail('OPTION', `got score = ${String(score)}, wanted one of ${Object.keys(scores).join(', ')}`);
    }
    if (units !== undefined && !(Number.isInteger(units) && units > 0)) {
      fail('OPTION', `got units = ${units}, wanted a whole number of at least 1`);
    }
    this.#config = config;
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const [Q, M] = this.#check(inputShape as Shape[]);
    const { score, units = Q, seed = hashText(this.name) } = this.#config;
    for (const [name, shape] of Object.entries(scores[score].weights(Q, M, units))) {
      const start = initializers.glorotUniform({ seed: foldKey(seed, hashText(name)) });
      this.addWeight(name, [...shape], 'float32', start);
    }
    this.built = true;
  }

  /** Q and M. */
  #check(shapes: Shape[]): [number, number] {
    const [query, memory, mask] = Array.isArray(shapes[0]) ? shapes : [];
    const fits =
      query?.length === 3 &&
      memory?.length === 3 &&
      typeof query[2] === 'number' &&
      typeof memory[2] === 'number';
    if (fits && (!mask || mask.length === 2)) return [query[2]!, memory[2]!];
    const got = [query, memory, mask].map((s) => (s ? `[${s.map((n) => n ?? '?')}]` : 'none')).join(', ');
    return fail(
      'SHAPE',
      `layer "${this.name}": got ${got}, wanted a query [B,T,Q], a memory [B,S,M] and, if any, a mask [B,S]`,
    );
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [query, memory] = inputShape as Shape[];
    this.#check(inputShape as Shape[]);
    return [query![0]!, query![1]!, memory![2]!];
  }

  override computeMask(_: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return (Array.isArray(mask) ? mask[0] : mask) as tf.Tensor;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const all = inputs as tf.Tensor[];
      this.#check(all.map(({ shape }) => shape));
      const [query, memory, mask] = all as [tf.Tensor3D, tf.Tensor3D, tf.Tensor | undefined];
      return this.ask(query, this.ready(memory, mask)).context;
    });
  }

  /** Makes a memory ready for queries. The layer must be built. Inside a tidy. */
  ready(
    memory: tf.Tensor3D, // [B,S,M]
    mask?: tf.Tensor, // [B,S]
  ): Memory {
    const clean = cleanMemory(memory, mask);
    return { memory: clean, keys: scores[this.#config.score].keys(clean, this.#read()), mask };
  }

  /** Context [B,T,M] and alignment [B,T,S] of queries [B,T,Q]. Inside a tidy. */
  ask(query: tf.Tensor3D, { memory, keys, mask }: Memory) {
    return attend(scores[this.#config.score].energies(query, keys, this.#read()), memory, mask);
  }

  #read(): Record<string, tf.Tensor> {
    return Object.fromEntries(this.weights.map((w) => [w.originalName.split('/').at(-1)!, w.read()]));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { score, units, seed } = this.#config;
    return { ...super.getConfig(), score, units: units ?? null, seed: seed ?? null };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    { customObjects: _, ...saved }: tf.serialization.ConfigDict,
  ): T {
    const given = Object.entries(saved).filter(([, value]) => value !== null);
    return new cls(Object.fromEntries(given));
  }
}
tf.serialization.registerClass(AttentionLayer);

/**
 * Attention by e_ts = q_t · m_s (Luong, Pham and Manning, 2015) as a layer: `apply([query [B,T,M], memory [B,S,M]])`, with a
 * third input mask [B,S] (1 at real places) where rows are padded, to contexts [B,T,M]. Errors: `GW_ATTENTION_WIDTH`,
 * `GW_ATTENTION_SHAPE`.
 *
 * @example const context = dotAttention().apply([decoded, encoded, mask]);
 */
export const dotAttention = (config: AttentionConfig = {}): AttentionLayer =>
  new AttentionLayer({ ...config, score: 'dot' });

/** As `dotAttention` with e_ts = q_t · (m_s W), for a memory of another width than the queries'. Errors: `GW_ATTENTION_SHAPE`. */
export const generalAttention = (config: AttentionConfig = {}): AttentionLayer =>
  new AttentionLayer({ ...config, score: 'general' });

/**
 * As `dotAttention` with e_ts = tanh(q_t Wq + m_s Wm) v (Bahdanau, Cho and Bengio, 2015); holds [B,T,S,A] while it trains.
 * Errors: `GW_ATTENTION_SHAPE`, `GW_ATTENTION_OPTION`.
 */
export const additiveAttention = (config: AdditiveAttentionConfig = {}): AttentionLayer =>
  new AttentionLayer({ ...config, score: 'additive' });

function fail(what: 'SHAPE' | 'OPTION', text: string): never {
  throw new GatewiseError(`GW_ATTENTION_${what}`, text);
}
