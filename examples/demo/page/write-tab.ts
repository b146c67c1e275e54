import type { BackendInfo } from '@gatewise/backends';
import { findCell } from '@gatewise/layers';
import { type PageBackend, pageBackends, whyNot } from './backends.js';
import { byId, hideError, readable, say, showError } from './elements.js';
import type { SavedNetwork } from './network.js';
import { Pictures } from './pictures.js';
import { Writer, type WriteSettings } from './writer.js';

/** Ms without a key before the network writes on. */
const PATIENCE = 150;

const slider = (id: string) => byId(id, HTMLInputElement);
const text = byId('text', HTMLTextAreaElement);
const [tail, written] = [byId('tail', HTMLElement), byId('written', HTMLElement)];
const region = byId('continuation', HTMLElement);
const status = byId('write-status', HTMLElement);
const errors = byId('write-error', HTMLElement);
const backendErrors = byId('backend-error', HTMLElement);

/** The visitor's text, continued. */
export class WriteTab {
  readonly #writer: Writer;
  readonly #pictures = new Pictures(byId('heatmaps', HTMLElement), byId('pointed', HTMLElement));
  #seed = 1;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(saved: SavedNetwork, wasmPaths: string) {
    this.#writer = new Writer(saved, wasmPaths);
  }

  async start(): Promise<void> {
    this.#tell(await this.#writer.use('cpu'));
    this.#announce();
    await this.#offerBackends();
    for (const id of ['temperature', 'top-k', 'length'])
      slider(id).addEventListener('input', () => this.#soon());
    byId('pace', HTMLSelectElement).addEventListener('change', () => this.#soon());
    text.addEventListener('input', () => this.#soon());
    byId('again', HTMLButtonElement).addEventListener('click', () => {
      this.#seed++;
      this.#soon(0);
    });
    byId('stop', HTMLButtonElement).addEventListener('click', () => this.#abort.abort());
    byId('keep', HTMLButtonElement).addEventListener('click', () => {
      text.value += written.textContent;
      this.#soon(0);
    });
    this.#soon(0);
  }

  /** Goes on with another network. */
  async open(saved: SavedNetwork): Promise<void> {
    this.#abort.abort();
    await this.#writer.open(saved);
    this.#announce();
    this.#soon(0);
  }

  /** Says which network it is. */
  #announce(): void {
    const { title, symbols, artifacts } = this.#writer.network;
    byId('network', HTMLElement).textContent = title;
    const k = slider('top-k');
    const all = k.value === k.max;
    k.max = String(symbols.length);
    if (all) k.value = k.max;
    this.#pictures.show(findCell(cellOf(artifacts.modelTopology as object)));
    this.#showValues();
  }

  async #offerBackends(): Promise<void> {
    const place = byId('backends', HTMLFieldSetElement);
    for (const name of pageBackends) {
      const reason = await whyNot(name);
      place.append(choice(name, reason, (radio) => void this.#switch(name, radio)));
    }
  }

  /** What was chosen before stays chosen where the backend does not start. */
  async #switch(name: PageBackend, radio: HTMLInputElement): Promise<void> {
    hideError(backendErrors);
    const before = byId('backends', HTMLFieldSetElement).dataset.used as PageBackend;
    try {
      this.#tell(await this.#writer.use(name));
    } catch (error) {
      showError(backendErrors, error);
      radio.checked = false;
      byId(`backend-${before}`, HTMLInputElement).checked = true;
    }
  }

  #tell({ name, driver, engine, kernels }: BackendInfo): void {
    byId('backends', HTMLFieldSetElement).dataset.used = name;
    byId('driver', HTMLElement).textContent =
      `${name}: ${driver}${kernels === 'wasm' ? ', products by the engine wasm' : ''}`;
    byId('engine', HTMLElement).textContent = `the engine ${engine}`;
  }

  #showValues(): void {
    const k = slider('top-k');
    byId('temperature-value', HTMLOutputElement).value = Number(slider('temperature').value).toFixed(2);
    byId('top-k-value', HTMLOutputElement).value = k.value === k.max ? `all ${k.max}` : k.value;
    byId('length-value', HTMLOutputElement).value = slider('length').value;
  }

  #settings(): WriteSettings {
    const pace = byId('pace', HTMLSelectElement).value;
    return {
      temperature: Number(slider('temperature').value),
      topK: Number(slider('top-k').value),
      length: Number(slider('length').value),
      pace: pace === '' ? undefined : Number(pace),
      seed: this.#seed,
    };
  }

  #soon(wait = PATIENCE): void {
    this.#showValues();
    this.#abort.abort();
    this.#abort = new AbortController();
    status.dataset.state = 'waiting';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#write(), wait);
  }

  async #write(): Promise<void> {
    const { signal } = this.#abort;
    const stale = () => signal !== this.#abort.signal; // another one is to begin
    const { symbols } = this.#writer.network;
    hideError(errors);
    written.textContent = '';
    tail.textContent = text.value.slice(-80);
    if (text.value === '') {
      status.dataset.state = 'done';
      say(status, 'type something to begin with');
      return;
    }
    status.dataset.state = 'writing';
    say(status, 'writing …');
    try {
      const count = await this.#writer.write(
        text.value,
        this.#settings(),
        {
          trace: (trace, of, anew) => {
            if (stale()) return;
            this.#pictures.add(trace, symbols, of, anew);
            if (of === 'continuation') this.#append(trace.ids.map((id) => symbols[id]).join(''));
          },
          progress: (_, rate) => {
            byId('speed', HTMLElement).textContent = `${readable(rate)} characters per second`;
          },
        },
        signal,
      );
      if (stale()) return;
      status.dataset.state = 'done';
      say(status, `${signal.aborted ? 'stopped after' : 'wrote'} ${count} characters`);
      this.#pictures.describe();
    } catch (error) {
      if (stale()) return;
      showError(errors, error);
      status.dataset.state = 'failed';
      say(status, 'ended by an error');
    }
  }

  #append(more: string): void {
    const atEnd = region.scrollTop + region.clientHeight >= region.scrollHeight - 8;
    written.append(more);
    if (atEnd) region.scrollTop = region.scrollHeight;
  }
}

/** A radio button, with the reason where it cannot be chosen. */
function choice(
  name: PageBackend,
  reason: string | null,
  use: (radio: HTMLInputElement) => void,
): HTMLElement {
  const row = document.createElement('p');
  row.className = 'choice';
  const radio = document.createElement('input');
  Object.assign(radio, {
    type: 'radio',
    name: 'backend',
    value: name,
    id: `backend-${name}`,
    checked: name === 'cpu',
  });
  const label = document.createElement('label');
  label.htmlFor = radio.id;
  label.textContent = name === 'cpu' ? 'cpu + wasm' : name;
  row.append(radio, label);
  radio.disabled = reason !== null;
  radio.addEventListener('change', () => use(radio));
  if (reason === null) return row;
  const why = document.createElement('small');
  why.id = `why-not-${name}`;
  why.textContent = reason;
  radio.setAttribute('aria-describedby', why.id);
  row.append(why);
  return row;
}

/** The name of the cell that a saved model has. */
function cellOf(topology: object): string {
  const { config } = topology as { config: { layers: { class_name: string; config: { cell: string } }[] } };
  return config.layers.find(({ class_name }) => class_name === 'GatewiseRecurrent')!.config.cell;
}
