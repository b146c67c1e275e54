import { byId, showError } from './elements.js';
import { fetchQuickstart } from './network.js';
import { startTabs } from './tabs.js';
import { TrainTab } from './train-tab.js';
import { WriteTab } from './write-tab.js';

const beside = (folder: string) => new URL(folder, document.baseURI).href;
const fail = (error: unknown) => showError(byId('write-error', HTMLElement), error);

async function start(): Promise<void> {
  startTabs(document.querySelector<HTMLElement>('[role="tablist"]')!);
  const write = new WriteTab(await fetchQuickstart(beside('model/')), beside('wasm/'));
  await write.start();
  const train = new TrainTab(beside('wasm/'), (own) => {
    byId('tab-write', HTMLElement).click();
    write.open(own).catch(fail);
  });
  await train.start();
}

start().catch(fail);
