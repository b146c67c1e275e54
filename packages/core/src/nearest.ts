/** The name that differs least from `name` (Levenshtein), if it differs little enough to be a slip. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const scored = names.map((known) => ({ known, d: distance(name.toLowerCase(), known.toLowerCase()) }));
  scored.sort((a, b) => a.d - b.d);
  const best = scored[0];
  return best && best.d <= Math.max(2, name.length / 3) ? best.known : undefined;
}

/** `; did you mean "x"?` for an error message, or nothing where no name comes near. Example: `didYouMean('gur', ['gru'])`. */
export function didYouMean(name: string, names: readonly string[], prefix = ''): string {
  const known = nearest(name, names);
  return known === undefined ? '' : `; did you mean "${prefix}${known}"?`;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      // d(i, j) = min(delete, insert, replace)
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replace));
    }
    row = next;
  }
  return row[b.length]!;
}
