import { GatewiseError } from '@gatewise/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Backend, backend, type Linked, textureOf, track } from './backend.js';
import type { Pass } from './source.js';

/** A texture of `rows` by `columns` texels, as a tensor: texel = four values. */
export function newSheet(rows: number, columns: number): Tensor {
  const of = backend();
  const info = of.makeTensorInfo([2 * rows, 2 * columns], 'float32');
  of.texData.get(info.dataId).isPacked = true;
  of.uploadToGPU(info.dataId);
  return checkSheet(track(info));
}

/** tf.js may lay a tensor out otherwise (a flag for narrow textures): the shaders count on rows and columns. */
export function checkSheet(sheet: Tensor): Tensor {
  const [rows, columns] = backend().texData.get(sheet.dataId).texShape;
  if (rows === sheet.shape[0] && columns === sheet.shape[1]) return sheet;
  throw new GatewiseError(
    'GW_ENGINE_TEXTURE',
    `got a texture of ${rows} by ${columns} for [${sheet.shape}]; likely fix: leave tf.js' flag WEBGL_MAX_SIZE_FOR_NARROW_TEXTURE alone, or recur(…, { engine: 'ops' })`,
  );
}

interface Compiled {
  readonly linked: Linked;
  readonly place: Readonly<Record<string, WebGLUniformLocation | null>>;
}
/** By context, then by text. */
const compiled = new WeakMap<object, Map<string, Compiled>>();
const uniforms = ['p', 'r', 'o', 'dropDraw', 'holdDraw', 'dropScale', 'holdRate'];

function compile(of: Backend, { text, samplers }: Pass): Compiled {
  const { gpgpu } = of;
  const { gl } = gpgpu;
  const known = compiled.get(gpgpu) ?? new Map<string, Compiled>();
  compiled.set(gpgpu, known);
  const found = known.get(text);
  if (found) return found;
  const shader = gl.createShader(gl.FRAGMENT_SHADER)!;
  gl.shaderSource(shader, text);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) {
    const log = gl.getShaderInfoLog(shader);
    throw new GatewiseError('GW_ENGINE_WEBGL', `got a shader that does not compile: ${log}\n${text}`);
  }
  const linked = gpgpu.createProgram(shader);
  gl.deleteShader(shader);
  gpgpu.buildVao(linked);
  samplers.forEach(({ name }, unit) => {
    gl.uniform1i(gl.getUniformLocation(linked, name), unit);
  });
  const place = Object.fromEntries(uniforms.map((name) => [name, gl.getUniformLocation(linked, name)]));
  known.set(text, { linked, place });
  return { linked, place };
}

/** The uniforms that stay through a call: see source.ts. */
export interface Constants {
  readonly B4: number;
  readonly T: number;
  readonly reverse: boolean;
  readonly t0: number;
  readonly b0: number;
  readonly dropDraw: readonly [number, number];
  readonly dropScale: number;
  readonly holdDraw: readonly number[];
  readonly holdRate: readonly number[];
}

/** Where a draw lies among the steps. */
export interface At {
  readonly parity: number;
  /** Row offset of n−1, and of n+1; null where there is none. */
  readonly before: number | null;
  readonly after: number | null;
  /** First row of a piece of W. */
  readonly from?: number;
}

/** A pass with the textures that it writes: one frame for even n, one for odd n, or one for both. */
export class Painter {
  readonly #gl: WebGL2RenderingContext;
  readonly #frames: readonly WebGLFramebuffer[];
  readonly #program: Compiled;
  readonly #of = backend();
  #bound: readonly WebGLTexture[] = [];

  constructor(
    readonly pass: Pass,
    outputs: readonly (readonly Tensor[])[],
    private readonly constants: Constants,
  ) {
    this.#gl = this.#of.gpgpu.gl;
    this.#program = compile(this.#of, pass);
    this.#frames = outputs.map((list) => this.#frame(list));
  }

  #frame(outputs: readonly Tensor[]): WebGLFramebuffer {
    const gl = this.#gl;
    const frame = gl.createFramebuffer()!;
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    outputs.forEach((t, k) => {
      const point = gl.COLOR_ATTACHMENT0 + k;
      gl.framebufferTexture2D(gl.FRAMEBUFFER, point, gl.TEXTURE_2D, textureOf(this.#of, t), 0);
    });
    gl.drawBuffers(outputs.map((_, k) => gl.COLOR_ATTACHMENT0 + k));
    return frame;
  }

  /** Makes the program current and gives it what stays; then `draw`, until another draws. */
  begin(): void {
    const { gpgpu } = this.#of;
    const gl = this.#gl;
    const { linked, place } = this.#program;
    gpgpu.setProgram(linked);
    gpgpu.bindVertexArray(linked.vao);
    this.#bound = [];
    const c = this.constants;
    if (place.o) gl.uniform4i(place.o, c.t0, c.b0, 0, 0);
    if (place.dropDraw) gl.uniform2ui(place.dropDraw, ...c.dropDraw);
    if (place.dropScale) gl.uniform1f(place.dropScale, c.dropScale);
    if (place.holdDraw) gl.uniform2uiv(place.holdDraw, c.holdDraw);
    if (place.holdRate) gl.uniform1fv(place.holdRate, c.holdRate);
  }

  draw(at: At, textures: readonly WebGLTexture[], columns: number, row: number, rows: number): void {
    const gl = this.#gl;
    const { place } = this.#program;
    const { B4, T, reverse, t0, b0 } = this.constants;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#frames[at.parity] ?? this.#frames[0]!);
    gl.viewport(0, row, columns, rows);
    gl.scissor(0, row, columns, rows);
    textures.forEach((texture, unit) => {
      if (texture === this.#bound[unit]) return;
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
    this.#bound = textures;
    if (place.p) gl.uniform4i(place.p, B4, at.parity, T, Number(reverse));
    if (place.r) {
      const { before, after } = at;
      gl.uniform4i(place.r, before ?? 0, Number(before !== null), after ?? 0, Number(after !== null));
    }
    if (place.o && at.from !== undefined) gl.uniform4i(place.o, t0, b0, at.from, 0);
    gl.drawElements(gl.TRIANGLES, 6, gl.UNSIGNED_SHORT, 0);
  }

  end(): void {
    this.#gl.bindFramebuffer(this.#gl.FRAMEBUFFER, null);
    for (const frame of this.#frames) this.#gl.deleteFramebuffer(frame);
  }
}
