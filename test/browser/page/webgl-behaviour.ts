import { lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { webglEngine } from '@gatewise/engine-webgl';
import { definePlugin } from '@gatewise/plugin';
import { type RecurArgs, recur, registerEngine } from '@gatewise/recurrence';
import { countGpuCommands } from '@gatewise/testing';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { backend } from './backend.js';

interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

/** Weights and data, drawn; the caller disposes of them. */
function draw({ B, T, I, H }: Sizes) {
  const normal = (shape: number[], seed: number, size: number) =>
    tf.randomNormal(shape, 0, size, 'float32', seed);
  return {
    x: normal([B, T, I], 1, 1) as tf.Tensor3D,
    W: normal([I, 4 * H], 2, 0.2),
    R: normal([H, 4 * H], 3, 0.2),
    b: tf.zeros([4 * H]),
    dy: normal([B, T, H], 4, 1),
  };
}
type Drawn = ReturnType<typeof draw>;

const outputs = ({ x, W, R, b }: Pick<RecurArgs, 'x' | 'W' | 'b'> & { R: tf.Tensor }, engine = 'webgl') =>
  recur(lstm as unknown as AnyCell, { x, W, R, b, engine });

/** dW, dR, db of Σ dY ⊗ y. */
function gradients({ x, W, R, b, dy }: Drawn, engine?: string): tf.Tensor[] {
  const loss = (...[w, r, c]: tf.Tensor[]) =>
    tf.sum(tf.mul(outputs({ x, W: w!, R: r!, b: c! }, engine).y, dy)) as tf.Scalar;
  return tf.tidy(() => tf.grads(loss)([W, R, b]));
}

/** The same on every machine: 50 steps are 50 draws each way, and the rest of a step does not grow with them. */
export async function drawCounts(): Promise<void> {
  await backend('webgl');
  const drawn = draw({ B: 32, T: 50, I: 64, H: 128 });
  tf.dispose(gradients(drawn)); // everything is on the device, as in any step but the first
  const made: tf.TensorContainer[] = [];
  const forward = countGpuCommands(() => made.push(tf.tidy(() => outputs(drawn).y)));
  const training = countGpuCommands(() => made.push(gradients(drawn)));
  tf.dispose([drawn, ...made] as tf.TensorContainer);
  if (forward > 60 || training > 140)
    throw new Error(`got ${forward} draws forward and ${training} in training, wanted at most 60 and 140`);
  if (forward < 50) throw new Error(`got ${forward} draws forward, which cannot be: were they counted?`);
}

export async function memoryStays(): Promise<void> {
  await backend('webgl');
  const drawn = draw({ B: 5, T: 6, I: 3, H: 7 });
  const held = () => {
    const { numTensors, numBytesInGPUAllocated } = tf.memory() as tf.MemoryInfo & Record<string, number>;
    return `${numTensors} tensors, ${numBytesInGPUAllocated} bytes on the device`;
  };
  const step = async () => {
    const made = gradients(drawn);
    await made[0]!.data();
    tf.dispose(made);
  };
  for (let i = 0; i < 5; i++) await step();
  const before = held();
  for (let i = 0; i < 200; i++) await step();
  const after = held();
  tf.dispose(drawn as unknown as tf.TensorContainer);
  if (after !== before) throw new Error(`got ${after} after 200 steps, ${before} before them`);
}

/** dW of more rows than a texture has texels of four rows: it is made in pieces. */
export async function ids(): Promise<void> {
  await backend('webgl');
  const [I, H] = [40_000, 2];
  const x = tf.tensor2d([0, I - 1, 17, 33_000, 17, 5], [2, 3], 'int32');
  const W = tf.randomNormal([I, 4 * H], 0, 1, 'float32', 1);
  const R = tf.randomNormal([H, 4 * H], 0, 1, 'float32', 2);
  const b = tf.zeros([4 * H]);
  const some = async (engine: string) => {
    const [dW] = tf.tidy(() => tf.grads((w) => tf.sum(tf.square(outputs({ x, W: w, R, b }, engine).y)))([W]));
    const rows = tf.tidy(() => tf.gather(dW!, [0, 5, 17, 18, 33_000, I - 1]));
    const values = [...(await rows.data()), (await tf.tidy(() => tf.sum(tf.abs(dW!))).data())[0]!];
    tf.dispose([dW!, rows]);
    return values;
  };
  const got = await some('webgl');
  await backend('wasm');
  const wanted = await some('ops');
  await backend('webgl');
  tf.dispose([x, W, R, b]);
  const off = Math.max(...got.map((v, i) => Math.abs(v - wanted[i]!)));
  if (!(off <= 1e-5)) throw new Error(`got dW at the ids off by ${off}: ${got}, wanted ${wanted}`);
}

export async function halfFloats(): Promise<void> {
  await backend('webgl');
  const drawn = draw({ B: 3, T: 9, I: 5, H: 6 });
  const exact = await tf.tidy(() => outputs(drawn).y).data();
  const flag = 'WEBGL_RENDER_FLOAT32_ENABLED';
  const before = tf.env().getBool(flag);
  tf.env().set(flag, false);
  try {
    for (let n = 0; n < 2; n++) {
      const { engine } = await backend('webgl'); // says so on the console, once
      if (!/^webgl \(\d+ targets, float16\)$/.test(engine)) throw new Error(`got ${engine} in 16 bits`);
    }
    const rounded = await tf.tidy(() => outputs(drawn).y).data();
    const off = Math.max(...rounded.map((v, i) => Math.abs(v - exact[i]!)));
    if (!(off > 1e-6 && off < 5e-3)) throw new Error(`got it off by ${off}, wanted what 16 bits give`);
    const code = errorCode(() => gradients(drawn));
    if (code !== 'GW_ENGINE_FLOAT32') throw new Error(`got ${code}, wanted GW_ENGINE_FLOAT32`);
  } finally {
    tf.env().set(flag, before);
    tf.dispose(drawn as unknown as tf.TensorContainer);
  }
}

function errorCode(body: () => tf.TensorContainer): string {
  try {
    tf.dispose(body());
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** What a lost context must not do: hand out zeros. */
export async function lostContext(): Promise<void> {
  await backend('webgl');
  registerEngine(webglEngine());
  const drawn = draw({ B: 2, T: 3, I: 2, H: 2 });
  const { lose, restore } = losing();
  tf.dispose(gradients(drawn)); // everything is compiled
  const [read, unread, other] = [outputs(drawn).y, outputs(drawn).y, outputs(drawn).y];
  const known = [...(await read.data())];
  const during = () => {
    const loss = (W: tf.Tensor) => {
      const { y } = outputs({ ...drawn, W });
      lose();
      return tf.sum(y) as tf.Scalar;
    };
    return tf.tidy(() => tf.grad(loss)(drawn.W));
  };
  const codes = {
    backward: errorCode(during),
    forward: errorCode(() => tf.tidy(() => outputs(drawn).y)),
    read: await readCode(unread),
    'the same read again': await readCode(unread),
    'a synchronous read': errorCode(() => {
      unread.dataSync();
      return [];
    }),
    'a sum, read': await readCode(tf.tidy(() => tf.sum(unread))),
  };
  await restore(); // as a browser does after its GPU process has crashed; the textures are gone all the same
  const restored = [await readCode(other), errorCode(() => tf.tidy(() => outputs(drawn).y))];
  Object.assign(codes, { 'read, restored': restored[0], 'forward, restored': restored[1] });
  const wrong = Object.entries(codes).filter(([, code]) => code !== 'GW_ENGINE_LOST');
  if (wrong.length > 0) throw new Error(`got ${wrong.join('; ')}, wanted GW_ENGINE_LOST`);
  const again = [...(await read.data())];
  if (again.join() !== known.join()) throw new Error(`got ${again} of what had been read as ${known}`);
  const host = [...(await tf.tensor1d([1, 2]).data())];
  if (host.join() !== '1,2') throw new Error(`got ${host} of a tensor on the host`);
}

/** A context lost after a step and before its loss is read, on a backend that has started again: no epoch ends with zeros. */
export async function lostInTraining(): Promise<void> {
  await backend('webgl'); // the one before has lost its context: it starts another
  const drawn = draw({ B: 2, T: 3, I: 2, H: 2 });
  const off = await tf.tidy(() => tf.max(tf.abs(tf.sub(outputs(drawn).y, outputs(drawn, 'ops').y)))).data();
  if (!(off[0]! < 1e-5)) throw new Error(`got y off by ${off} on the context after a lost one`);
  const { lose } = losing();
  const W = tf.variable(tf.ones([2]));
  const loss = () => tf.sum(tf.square(W)) as tf.Scalar;
  const lost = definePlugin('lost', () => ({ onBatchEnd: lose }))({});
  const x = [{ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) }];
  const options = { optimizer: tf.train.sgd(0.1), plugins: [lost], epochs: 1 };
  const code = await train({ name: 'squares', weights: { W }, loss }, () => x, options).then(
    ({ history }) => `a history of ${JSON.stringify(history)}`,
    (error) => `${(error as { code?: string }).code}: ${error}`,
  );
  if (!code.startsWith('GW_ENGINE_LOST')) throw new Error(`got ${code}, wanted GW_ENGINE_LOST`);
}

function losing(): { lose: () => void; restore: () => Promise<void> } {
  const { gl } = (tf.backend() as unknown as { gpgpu: { gl: WebGL2RenderingContext } }).gpgpu;
  const extension = gl.getExtension('WEBGL_lose_context')!;
  const told = (name: string) =>
    new Promise((done) => gl.canvas.addEventListener(`webglcontext${name}`, done, { once: true }));
  const [lost, restored] = [told('lost'), told('restored')];
  return {
    lose: () => extension.loseContext(),
    async restore() {
      await lost;
      await new Promise((done) => setTimeout(done, 20)); // until everyone has been told
      extension.restoreContext();
      await restored;
    },
  };
}

const readCode = (tensor: tf.Tensor): Promise<string> =>
  tensor.data().then(
    (values) => `values ${values}`,
    (error) => (error as { code?: string }).code ?? String(error),
  );
