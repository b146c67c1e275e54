import { didYouMean, GatewiseError } from '@gatewise/core';
import { hookKinds, type Plugin } from '@gatewise/plugin';

const KNOWN = [...Object.keys(hookKinds), 'saveState', 'loadState', 'saveTensors', 'loadTensors', 'dispose'];

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
      `got a function "${key}" in plugin "${plugin.name}", which is no hook${didYouMean(key, KNOWN)}. ` +
        'Keep other functions outside the object',
    );
  }
}
