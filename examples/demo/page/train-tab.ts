import { findCell } from '@gatewise/layers';
import { trainInWorker } from '@gatewise/trainer-worker';
import { type PageBackend, pageBackends, whyNot } from './backends.js';
import { byId, hideError, readable, showError } from './elements.js';
import { houseThatJackBuilt } from './example-text.js';
import type { SavedNetwork } from './network.js';
import { packRun, type SavedRun, unpackRun } from './run-file.js';
import { TrainView } from './train-view.js';
import {
  bits,
  type Recipe,
  type TrainingMessage,
  type TrainingOptions,
  type TrainingValue,
} from './training.js';

const status = byId('train-status', HTMLElement);
const errors = byId('train-error', HTMLElement);
const note = byId('train-note', HTMLElement);
const text = byId('own-text', HTMLTextAreaElement);
const bar = byId('trained', HTMLProgressElement);
const button = (id: string) => byId(id, HTMLButtonElement);
const chosen = (id: string) => byId(id, HTMLSelectElement).value;
const worker = () => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' });

/** A network of the visitor's own text, trained in a worker. */
export class TrainTab {
  readonly #wasmPaths: string;
  readonly #writeWith: (saved: SavedNetwork) => void;
  readonly #view = new TrainView();
  /** While a worker trains. */
  #pause: AbortController | undefined;
  #run: SavedRun | undefined;

  constructor(wasmPaths: string, writeWith: (saved: SavedNetwork) => void) {
    this.#wasmPaths = wasmPaths;
    this.#writeWith = writeWith;
  }

  async start(): Promise<void> {
    text.value = houseThatJackBuilt();
    this.#count();
    text.addEventListener('input', () => this.#count());
    button('train').addEventListener('click', () => void this.#begin());
    button('pause').addEventListener('click', () => this.#pauseOrResume());
    button('save').addEventListener('click', () => this.#save());
    button('write-with').addEventListener('click', () => this.#writeWith(networkOf(this.#run!)));
    this.#onFile('text-file', async (bytes) => {
      text.value = new TextDecoder().decode(bytes);
      this.#count();
    });
    this.#onFile('run-file', async (bytes) => this.#load(await unpackRun(bytes)));
    this.#enable();
    await offerBackends();
  }

  #onFile(id: string, take: (bytes: Uint8Array) => Promise<void>): void {
    const input = byId(id, HTMLInputElement);
    input.addEventListener('change', async () => {
      const file = input.files?.[0];
      if (!file) return;
      hideError(errors);
      await file
        .arrayBuffer()
        .then((buffer) => take(new Uint8Array(buffer)))
        .catch((error) => showError(errors, error));
      input.value = '';
    });
  }

  #count(): void {
    byId('own-size', HTMLElement).textContent =
      `${text.value.length.toLocaleString('en')} characters; the last tenth is held out`;
  }

  async #begin(): Promise<void> {
    this.#run = undefined;
    const recipe = { cell: chosen('cell'), units: Number(chosen('units')), seed: 1, text: text.value };
    this.#view.begin(findCell(recipe.cell).state);
    await this.#train(recipe);
  }

  #pauseOrResume(): void {
    if (this.#pause) {
      button('pause').disabled = true; // until the step under way is over
      this.#pause.abort('paused');
    } else void this.#train(this.#run!.recipe);
  }

  /** Trains until the last step, a pause or an error; a run that rests goes on. */
  async #train(recipe: Recipe): Promise<void> {
    const backend = chosen('train-backend') as PageBackend;
    const steps = byId('steps', HTMLInputElement).valueAsNumber;
    const checkpoint = this.#run?.checkpoint ?? [];
    const options: TrainingOptions = { ...recipe, steps, backend, wasmPaths: this.#wasmPaths, checkpoint };
    this.#pause = new AbortController();
    hideError(errors);
    note.textContent = '';
    bar.max = steps;
    this.#tell('starting', 'starting a worker …');
    try {
      const trained = await trainInWorker<TrainingValue, TrainingOptions>(worker, {
        options,
        signal: this.#pause.signal,
        onStep: ({ step, logs }) => this.#hearStep(step, steps, logs.loss ?? Number.NaN),
        onMessage: (message) => this.#hear(message as TrainingMessage),
      });
      const { steps: done, reason } = trained.result;
      this.#run = {
        recipe,
        steps: done,
        ...trained.value,
        ...this.#view.seen,
        artifacts: trained.artifacts!,
      };
      this.#rest(reason === 'completed' ? 'done' : 'paused');
    } catch (error) {
      showError(errors, error);
      this.#rest('failed');
    }
  }

  #hearStep(step: number, steps: number, loss: number): void {
    this.#view.loss(step, loss);
    bar.value = step;
    this.#tell('training', `step ${step} of ${steps}, ${readable(bits(loss))} bits per character`);
  }

  #hear(message: TrainingMessage): void {
    if (message.type === 'flow') this.#view.flow(message.state, message);
    else if (message.type === 'heldOut') this.#view.heldOut(message.step, message.loss);
    else if (message.type === 'sample') this.#view.sample(message.step, message.text);
    else if (message.type === 'runs') byId('train-runs', HTMLElement).textContent = message.on;
    else note.textContent = message.text;
  }

  #rest(state: 'done' | 'paused' | 'failed'): void {
    this.#pause = undefined;
    const { steps = 0, losses = [] } = this.#run ?? {};
    bar.value = steps;
    const loss = `${readable(bits(losses.at(-1)?.[1] ?? Number.NaN))} bits per character`;
    this.#tell(
      state,
      {
        done: `done: ${steps} steps, ${loss}`,
        paused: `paused at step ${steps}, ${loss}`,
        failed: 'ended by an error',
      }[state],
    );
  }

  #tell(state: string, words: string): void {
    status.dataset.state = state;
    status.textContent = words;
    this.#enable();
  }

  #enable(): void {
    const [training, rests] = [this.#pause !== undefined, this.#run !== undefined];
    button('train').disabled = training;
    button('pause').disabled = this.#pause?.signal.aborted ?? !rests;
    button('pause').textContent = training || !rests ? 'Pause' : 'Resume';
    for (const id of ['save', 'write-with']) button(id).disabled = training || !rests;
    byId('run-file', HTMLInputElement).disabled = training;
  }

  #save(): void {
    const run = this.#run!;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([packRun(run)], { type: 'application/zip' }));
    link.download = `gatewise-${run.recipe.cell}-step-${run.steps}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  /** A run that was saved: it rests where it was. */
  #load(run: SavedRun): void {
    this.#run = run;
    text.value = run.recipe.text;
    this.#count();
    byId('cell', HTMLSelectElement).value = run.recipe.cell;
    byId('units', HTMLSelectElement).value = String(run.recipe.units);
    this.#view.begin(findCell(run.recipe.cell).state, run);
    this.#rest('paused');
  }
}

const networkOf = ({ artifacts, symbols, unknown, recipe, steps }: SavedRun): SavedNetwork => ({
  title: `your own network (${recipe.cell}, ${recipe.units} units, ${steps} steps)`,
  ...{ artifacts, symbols, unknown },
});

async function offerBackends(): Promise<void> {
  for (const name of pageBackends) {
    const reason = await whyNot(name);
    const option = new Option(
      name === 'cpu' ? 'cpu + wasm' : reason === null ? name : `${name} (not here)`,
      name,
    );
    option.disabled = reason !== null;
    byId('train-backend', HTMLSelectElement).append(option);
  }
}
