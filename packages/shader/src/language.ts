/** A shader's language, and how many values a variable of it holds. */
export interface Language {
  readonly dialect: 'wgsl' | 'glsl';
  readonly lanes: 1 | 4;
  /** The types of a value: of float32, of int32. */
  readonly float: string;
  readonly int: string;
}

const wgsl = { 1: ['f32', 'i32'], 4: ['vec4<f32>', 'vec4<i32>'] } as const;
const glsl = { 1: ['float', 'int'], 4: ['vec4', 'ivec4'] } as const;

/** Example: `language('wgsl', 4).float` is `vec4<f32>`. */
export function language(dialect: Language['dialect'], lanes: Language['lanes']): Language {
  const [float, int] = (dialect === 'wgsl' ? wgsl : glsl)[lanes];
  return { dialect, lanes, float, int };
}

/** One float32 as text, exactly; its bits where a few decimals cannot say it. */
export function scalar({ dialect }: Pick<Language, 'dialect'>, value: number): string {
  const exact = Number.isInteger(value * 1024) && Math.abs(value) < 1e6 && !Object.is(value, -0);
  if (exact) return Number.isInteger(value) ? value.toFixed(1) : String(value);
  const bits = `0x${new Uint32Array(Float32Array.of(value).buffer)[0]!.toString(16)}u`;
  return dialect === 'wgsl' ? `bitcast<f32>(${bits})` : `uintBitsToFloat(${bits})`;
}

/** The same in every lane. */
export const constant = (l: Language, value: number): string =>
  l.lanes === 1 ? scalar(l, value) : `${l.float}(${scalar(l, value)})`;

/** A statement that names a value. */
export const assign = (l: Language, name: string, value: string): string =>
  l.dialect === 'wgsl' ? `let ${name} = ${value};` : `${l.float} ${name} = ${value};`;

/** `a < b` by lane. */
export const below = ({ dialect, lanes }: Language, a: string, b: string): string =>
  dialect === 'glsl' && lanes === 4 ? `lessThan(${a}, ${b})` : `(${a} < ${b})`;

/** `yes` where `when` holds, else `no`: whole values, never a product. */
export const choose = ({ dialect }: Language, when: string, yes: string, no: string): string =>
  dialect === 'wgsl' ? `select(${no}, ${yes}, ${when})` : `mix(${no}, ${yes}, ${when})`;

/** A function of one value. */
export function definition(l: Language, name: string, body: readonly string[]): string {
  const head =
    l.dialect === 'wgsl' ? `fn ${name}(x: ${l.float}) -> ${l.float}` : `${l.float} ${name}(${l.float} x)`;
  return `${head} {\n  ${body.join('\n  ')}\n}`;
}
