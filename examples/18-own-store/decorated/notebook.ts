import 'reflect-metadata';
import {
  type Clock,
  type EpochContext,
  type Plugin,
  type PluginModule,
  type Store,
  Tokens,
} from '@gatewise/plugin';
import { ContainerModule, inject, injectable } from 'inversify';

/** Keeps a line an epoch in a file of the run's store: a plugin as a class, its services injected by decorators. */
@injectable()
class Notebook implements Plugin {
  readonly name = 'notebook';
  @inject(Tokens.Store) readonly store!: Store;
  @inject(Tokens.Clock) readonly clock!: Clock;
  #lines = '';

  async onEpochEnd({ epoch, logs }: EpochContext): Promise<void> {
    const written = new Date(this.clock.now()).toISOString();
    this.#lines += `${written} epoch ${epoch + 1}: loss ${logs.loss?.toFixed(3)}\n`;
    await this.store.write('notebook.txt', new TextEncoder().encode(this.#lines));
  }

  saveState = () => this.#lines;
  loadState(lines: unknown): void {
    this.#lines = String(lines);
  }
}

export const notebook = (): PluginModule =>
  new ContainerModule(({ bind }) => {
    bind(Tokens.Plugin).to(Notebook).inSingletonScope();
  });
