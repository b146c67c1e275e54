import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** What this engine uses of tf.js' webgpu backend; tf.js' own types call half of it private. */
interface Backend {
  readonly device: GPUDevice;
  readonly adapterInfo: { readonly architecture?: string };
  readonly queue: GPUQueue;
  readonly bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  readonly tensorMap: { get(id: object): { resource: GPUBuffer } };
  readonly uniformPendingDisposal: GPUBuffer[];
  readonly commandQueueOwnedIds: WeakSet<object>;
  /** Null when nothing is queued. */
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  makeTensorInfo(shape: number[], dtype: 'float32'): tf.TensorInfo;
  uploadToGPU(id: object): void;
  read(id: object): Promise<tf.backend_util.TypedArray>;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

const backend = (): Backend => tf.backend() as unknown as Backend;

/** A compute shader: its text, and how its storage buffers, at bindings 1…, are used; the parameters are at 0. */
export interface Kernel {
  readonly code: string;
  readonly buffers: readonly ('read' | 'write')[];
}

/** What a kernel may use at most here. */
export interface Limits {
  /** Threads of a workgroup. */
  readonly threads: number;
  /** Units of a thread, at least: on the CPU a few, which share what they load; on a GPU one, so that all of it works. */
  readonly units: number;
  /** Workgroup memory, in bytes. */
  readonly shared: number;
  /** Of one storage buffer, in bytes. */
  readonly buffer: number;
  /** Multiplications of one dispatch: no driver's watchdog may see it as hung. */
  readonly work: number;
}

/** Of this device; `less` lowers some. */
export function limitsOf(less: Partial<Limits>): Limits {
  const { device, adapterInfo } = backend();
  const l = device.limits;
  const most: Limits = {
    threads: Math.min(l.maxComputeInvocationsPerWorkgroup, l.maxComputeWorkgroupSizeX),
    shared: l.maxComputeWorkgroupStorageSize,
    buffer: Math.min(l.maxStorageBufferBindingSize, l.maxBufferSize),
    work: 2 ** 29,
    units: /swiftshader|llvmpipe/i.test(adapterInfo.architecture ?? '') ? 4 : 1,
  };
  const least = (name: keyof Limits) => Math.min(most[name], less[name] ?? Number.POSITIVE_INFINITY);
  return {
    ...{ threads: least('threads'), shared: least('shared'), buffer: least('buffer'), work: least('work') },
    units: less.units ?? most.units,
  };
}

const lost = new WeakMap<GPUDevice, { message?: string }>();

function watch(device: GPUDevice): { readonly message?: string } {
  const known = lost.get(device);
  if (known) return known;
  const state: { message?: string } = {};
  lost.set(device, state);
  device.lost.then(({ message }) => {
    state.message = message || 'no reason given';
  });
  return state;
}

/** True where tf.js' webgpu backend has started, and lost its device since. */
export function deviceIsLost(): boolean {
  const started = tf.engine().registry.webgpu as unknown as Backend | undefined;
  return started !== undefined && watch(started.device).message !== undefined;
}

/** Throws `GW_ENGINE_DEVICE_LOST` where the GPU has gone: its buffers would read as zeros. */
export function checkDevice({ device }: Pick<Backend, 'device'> = backend()): void {
  const state = watch(device);
  if (state.message === undefined) return;
  throw new GatewiseError(
    'GW_ENGINE_DEVICE_LOST',
    `got a GPU device that is lost (${state.message}), wanted a working one; likely fix: useBackend('webgpu') again, which starts another, and go on from a checkpoint`,
  );
}

const guarded = new WeakSet<Backend>();

/** Makes every read of the backend in use that fails for a lost device say so. Errors: `GW_ENGINE_DEVICE_LOST`. */
export function guardReads(): void {
  const of = backend();
  if (guarded.has(of)) return;
  guarded.add(of);
  watch(of.device);
  const { read } = of;
  of.read = async (id) => {
    try {
      return await read.call(of, id);
    } catch (error) {
      await new Promise((done) => setTimeout(done)); // the loss is told after what it ended
      checkDevice(of);
      throw error;
    }
  };
}

/** A tensor of zeros or anything, on the GPU alone. */
export function empty(...shape: number[]): tf.Tensor {
  const info = backend().makeTensorInfo(shape, 'float32');
  backend().uploadToGPU(info.dataId);
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** The tensor's buffer; it stays as it is until the queue has been submitted. */
function bufferOf(tensor: tf.Tensor): GPUBuffer {
  const b = backend();
  b.uploadToGPU(tensor.dataId);
  b.commandQueueOwnedIds.add(tensor.dataId);
  return b.tensorMap.get(tensor.dataId).resource;
}

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** Compiled once a device by `key`, which names every number that is baked into the text. */
function pipelineOf(device: GPUDevice, key: string, make: () => Kernel): GPUComputePipeline {
  const known = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, known);
  const pipeline = known.get(key) ?? compile(device, make());
  known.set(key, pipeline);
  return pipeline;
}

function compile(device: GPUDevice, { code, buffers }: Kernel): GPUComputePipeline {
  const types = [
    'uniform' as const,
    ...buffers.map((use) => (use === 'read' ? ('read-only-storage' as const) : ('storage' as const))),
  ];
  // not 'auto': a shader that does not read one of its buffers may still be given it
  const bindGroupLayout = device.createBindGroupLayout({
    entries: types.map((type, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type },
    })),
  });
  return device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
  });
}

/** Runs a kernel in tf.js' own order of commands. `parameters` are u32, or floats by their bits. */
export function run(
  key: string,
  make: () => Kernel,
  parameters: ArrayBuffer,
  tensors: readonly tf.Tensor[],
  groups: readonly [number, number, number],
): void {
  const b = backend();
  const pipeline = pipelineOf(b.device, key, make);
  const buffers = tensors.map(bufferOf);
  const { COPY_DST, UNIFORM } = GPUBufferUsage;
  const uniform = b.bufferManager.acquireBuffer(parameters.byteLength, COPY_DST | UNIFORM);
  b.queue.writeBuffer(uniform, 0, parameters);
  b.uniformPendingDisposal.push(uniform);
  const bindGroup = b.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  b.ensureCommandEncoderReady();
  b.computePassEncoder ??= b.commandEncoder!.beginComputePass();
  b.computePassEncoder.setPipeline(pipeline);
  b.computePassEncoder.setBindGroup(0, bindGroup);
  b.computePassEncoder.dispatchWorkgroups(...groups);
  b.dispatchCountInPass++;
  if (b.dispatchCountInPass >= tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) submit();
}

/** Sends what is queued, if anything is, so that no single submission takes long. */
export function submit(): void {
  const b = backend();
  if (b.commandEncoder === null) return;
  b.endComputePassEncoder();
  b.submitQueue();
}

/** Fills a tensor with zeros. */
export function clear(tensor: tf.Tensor): void {
  const b = backend();
  const buffer = bufferOf(tensor);
  b.ensureCommandEncoderReady();
  b.endComputePassEncoder();
  b.commandEncoder!.clearBuffer(buffer);
}

/** Copies whole tensors one behind the other into one, or out of it; places are in elements of four bytes. */
export interface Copy {
  readonly from: tf.Tensor;
  readonly at?: number;
  readonly to: tf.Tensor;
  readonly place?: number;
  readonly size: number;
}
export function copy(list: readonly Copy[]): void {
  if (list.length === 0) return;
  const b = backend();
  const buffers = list.map(({ from, to }) => [bufferOf(from), bufferOf(to)] as const);
  b.ensureCommandEncoderReady();
  b.endComputePassEncoder();
  list.forEach(({ at = 0, place = 0, size }, k) => {
    const [from, to] = buffers[k]!;
    b.commandEncoder!.copyBufferToBuffer(from, 4 * at, to, 4 * place, 4 * size);
  });
}
