export declare const nativeFolder: string;
export declare const addonFile: string;
export declare class BuildError extends Error {
  readonly code: string;
}
export declare function kernelFlags(arch?: string): { name: string; flags: string[] }[];
export declare function findCompiler(candidates?: (string | undefined)[]): string;
export declare function compilations(include: string): [name: string, flags: string[], source: string][];
export declare function buildNative(options?: {
  force?: boolean;
  compiler?: string;
}): Promise<'built' | 'skipped'>;
