import { GatewiseError } from '@gatewise/core';
import { hookKinds, type Plugin } from '@gatewise/plugin';

const KNOWN = [...Object.keys(hookKinds), 'saveState', 'loadState', 'dispose'];

/** Errors: `GW_PLUGIN_NAME`, `GW_PLUGIN_DUPLICATE`, `GW_PLUGIN_ORDER`, `GW_PLUGIN_HOOK_UNKNOWN`. */
export function checkPlugins(plugins: readonly Plugin[]): void {
  const seen = new Set<string>();
  for (const plugin of plugins) {
    const { name, order } = plugin;
    if (typeof name !== 'string' || name === '') {
      throw new GatewiseError(
        'GW_PLUGIN_NAME',
        'got a plugin without a name; make it with definePlugin(name, …)',
      );
    }
    if (seen.has(name)) {
      throw new GatewiseError(
        'GW_PLUGIN_DUPLICATE',
        `got two plugins named "${name}", wanted one of each name; drop one from \`plugins\``,
      );
    }
    seen.add(name);
    if (order !== undefined && order !== 'pre' && order !== 'post') {
      throw new GatewiseError(
        'GW_PLUGIN_ORDER',
        `got order "${String(order)}" of plugin "${name}", wanted "pre", "post" or none`,
      );
    }
    checkHooks(plugin);
  }
}

function checkHooks(plugin: Plugin): void {
  for (const key in plugin) {
    if (KNOWN.includes(key) || typeof plugin[key as keyof Plugin] !== 'function') continue;
    throw new GatewiseError(
      'GW_PLUGIN_HOOK_UNKNOWN',
      `got a function "${key}" in plugin "${plugin.name}", which is no hook; did you mean "${nearest(key, KNOWN)}"? ` +
        'Keep other functions outside the object',
    );
  }
}

/** The word with the smallest edit distance. */
export function nearest(word: string, words: readonly string[]): string {
  const far = words.map((w) => editDistance(word.toLowerCase(), w.toLowerCase()));
  return words[far.indexOf(Math.min(...far))] ?? '';
}

/** Insertions, deletions and replacements from a to b (Levenshtein, 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
