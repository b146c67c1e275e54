import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** A program of tf.js' webgl backend; `getX(…)` in its code reads the input X, however it is laid out. */
export interface TfProgram {
  readonly variableNames: readonly string[];
  readonly outputShape: readonly number[];
  readonly userCode: string;
  readonly packedInputs: true;
  readonly packedOutput: true;
  readonly customUniforms: readonly { readonly name: string; readonly type: 'int' }[];
}

/** A linked program with its vertex array. */
export type Linked = WebGLProgram & { readonly vao: WebGLVertexArrayObject };

/** What the engine uses of tf.js' webgl backend. */
export interface Backend {
  readonly gpgpu: {
    readonly gl: WebGL2RenderingContext;
    createProgram(shader: WebGLShader): Linked;
    buildVao(program: Linked): void;
    setProgram(program: Linked): void;
    bindVertexArray(vao: WebGLVertexArrayObject): void;
  };
  readonly texData: {
    get(id: object): {
      readonly values?: unknown;
      isPacked: boolean;
      readonly texShape: readonly [number, number];
      readonly texture: { readonly texture: WebGLTexture };
    };
  };
  makeTensorInfo(shape: readonly number[], dtype: 'float32'): TensorInfo;
  uploadToGPU(id: object): void;
  runWebGLProgram(
    program: TfProgram,
    inputs: readonly TensorInfo[],
    dtype: 'float32',
    uniforms: readonly (readonly number[])[] | undefined,
    keepPacked: true,
  ): TensorInfo;
}

/** The backend in use, which must be webgl. */
export const backend = (): Backend => tf.backend() as unknown as Backend;

/** The texture behind a tensor that lies on the device. */
export const textureOf = (of: Backend, t: TensorInfo): WebGLTexture =>
  of.texData.get(t.dataId).texture.texture;

/** A tensor that tf.js' scopes know. */
export const track = (info: TensorInfo): Tensor => tf.engine().makeTensorFromTensorInfo(info);
