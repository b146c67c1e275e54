/** The folders of every package that is published. */
export function publicPackages(): string[];

/** Runs a command of an installed npm package in the root; its output passes through, or is kept with 'pipe'. */
export function tool(
  packageName: string,
  command: string,
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
  output?: 'inherit' | 'pipe',
): Promise<{ readonly ok: boolean; readonly output: string }>;

/** What a user of a packed package would stumble over: its exports (publint) and its types (attw), as they say it. */
export function faultsOf(tarball: string): Promise<string[]>;
