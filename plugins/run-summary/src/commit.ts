import { builtin } from './node.js';

export interface Commit {
  readonly commit: string;
  /** Files differ from it. */
  readonly changed: boolean;
}

/** The commit of the current folder; null where there is none, or no git. */
export async function describeCommit(folder?: string): Promise<Commit | null> {
  const child = builtin('node:child_process');
  if (!child) return null;
  const git = (...args: string[]) =>
    new Promise<string | null>((done) => {
      const options = { ...(folder !== undefined && { cwd: folder }), timeout: 5000, windowsHide: true };
      child.execFile('git', args, options, (error, out) => done(error ? null : out.trim()));
    });
  const commit = await git('rev-parse', '--verify', 'HEAD');
  if (commit === null) return null;
  return { commit, changed: (await git('status', '--porcelain', '--untracked-files=no')) !== '' };
}
