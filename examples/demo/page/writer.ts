import { type BackendInfo, type ConcreteBackend, useBackend } from '@gatewise/backends';
import { type DrawOptions, draw, type Random, random } from '@gatewise/core';
import { openNetwork, type SavedNetwork } from './network.js';
import { type Place, Reader, type Trace } from './reader.js';

export interface WriteSettings extends DrawOptions {
  /** Characters to write. */
  readonly length: number;
  /** At most so many a second; undefined: as many as it can. */
  readonly pace: number | undefined;
  readonly seed: number;
}

/** What is heard of a continuation. */
export interface Listener {
  /** What was read or written, with all that happened inside; `anew` where what was shown before is over. */
  trace(trace: Trace, of: 'text' | 'continuation', anew: boolean): void;
  /** Characters written so far, and how many a second of computing. */
  progress(written: number, rate: number): void;
}

/** A continuation under way. */
interface Job {
  reader: Reader;
  readonly settings: WriteSettings;
  readonly stream: Random;
  readonly listener: Listener;
  /** When it began to be written at its pace, ms. */
  readonly begun: number;
  written: number;
  /** Of them shown to the listener, and when last, ms. */
  shown: number;
  /** When they are to be shown again, ms. */
  due: number;
  /** Characters and ms of computing on this backend. */
  counted: number;
  busy: number;
}

/** Gates and states are looked at after so many ms, or where that takes long, for a third of the time. */
const LOOK = 50;
/** Of a text that is read, what happened at more characters than this is not looked at. */
const SHOWN = 128;
/** The longest that a page is kept from drawing, ms. */
const SLICE = 12;

/** Continues texts with a network on the backend in use, which may change meanwhile. */
export class Writer {
  readonly #wasmPaths: string;
  #saved: SavedNetwork;
  #network: Awaited<ReturnType<typeof openNetwork>> | undefined;
  #backend: ConcreteBackend | undefined;
  /** The text that was read last. */
  #text: { readonly ids: readonly number[]; readonly place: Place } | undefined;
  #job: Job | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(saved: SavedNetwork, wasmPaths: string) {
    this.#saved = saved;
    this.#wasmPaths = wasmPaths;
  }

  get network(): SavedNetwork {
    return this.#saved;
  }

  /** Goes on with another network. */
  open(saved: SavedNetwork): Promise<void> {
    return this.#alone(async () => {
      this.#network?.dispose();
      this.#network = undefined;
      this.#saved = saved;
      this.#text = undefined;
      this.#network = await openNetwork(saved);
    });
  }

  /** Brings the network to a backend; a continuation goes on there, with the states that it had. Errors: `GW_BACKEND_…`. */
  use(name: ConcreteBackend): Promise<BackendInfo> {
    return this.#alone(async () => {
      const before = this.#backend;
      if (this.#job) await this.#show(this.#job);
      const place = this.#job?.reader.place;
      this.#job?.reader.dispose();
      this.#network?.dispose();
      this.#network = undefined;
      try {
        return await this.#start(name);
      } catch (error) {
        if (before !== undefined) await this.#start(before);
        throw error;
      } finally {
        if (this.#job && this.#network) {
          Object.assign(this.#job, { reader: new Reader(this.#network, place), counted: 0, busy: 0 });
        }
      }
    });
  }

  async #start(name: ConcreteBackend): Promise<BackendInfo> {
    const info = await useBackend(name, { wasmPaths: this.#wasmPaths });
    this.#network = await openNetwork(this.#saved);
    this.#backend = name;
    return info;
  }

  /** Reads a text and writes on; gives how many characters it wrote, fewer than asked for where it was aborted. */
  async write(
    text: string,
    settings: WriteSettings,
    listener: Listener,
    signal: AbortSignal,
  ): Promise<number> {
    const begun = await this.#alone(async () => {
      if (signal.aborted) return undefined;
      const reader = await this.#read(text, listener);
      const stream = random(settings.seed).fork('continuation');
      const now = performance.now();
      const counts = { written: 0, shown: 0, due: now, counted: 0, busy: 0 };
      this.#job = { reader, settings, stream, listener, begun: now, ...counts };
      return this.#job;
    });
    if (!begun) return 0;
    try {
      while (begun.written < settings.length && !signal.aborted) {
        await this.#alone(() => this.#some(begun, signal));
        listener.progress(begun.written, begun.busy === 0 ? 0 : (1000 * begun.counted) / begun.busy);
        await frame();
      }
    } finally {
      begun.reader.dispose();
      if (this.#job === begun) this.#job = undefined;
    }
    return begun.written;
  }

  /** A reader after the text, of which no more is read than is new. */
  async #read(text: string, listener: Listener): Promise<Reader> {
    const network = this.#network!;
    const ids = [...network.vocabulary.encode(text)];
    const known = this.#text;
    const more = known?.ids.every((id, k) => ids[k] === id) ?? false;
    const reader = new Reader(network, more ? known?.place : undefined);
    const rest = more ? ids.slice(known?.ids.length) : ids;
    for (const id of rest) await reader.push(id);
    const trace = await reader.trace(SHOWN);
    if (trace) listener.trace(trace, 'text', !more);
    this.#text = { ids, place: reader.place };
    return reader;
  }

  /** Writes for a slice of time, as many as are due. */
  async #some(job: Job, signal: AbortSignal): Promise<void> {
    const { settings, reader, stream } = job;
    const start = performance.now();
    const due = settings.pace === undefined ? Infinity : ((start - job.begun) * settings.pace) / 1000;
    const last = Math.min(settings.length, due);
    const [before, shown] = [job.written, job.shown];
    while (job.written < last && performance.now() - start < SLICE && !signal.aborted) {
      await reader.push(draw(reader.place.logits, settings, stream));
      job.written++;
      job.counted++;
    }
    const over = job.written >= settings.length || signal.aborted;
    if (over || start >= job.due) await this.#show(job);
    if (job.written > before || job.shown > shown) job.busy += performance.now() - start;
  }

  /** Hands on what has happened since the last time. */
  async #show(job: Job): Promise<void> {
    const start = performance.now();
    const trace = await job.reader.trace();
    if (!trace) return;
    const now = performance.now();
    job.listener.trace(trace, 'continuation', job.shown === 0);
    job.shown = job.written;
    job.due = now + Math.max(LOOK, 2 * (now - start));
  }

  /** One after the other: what is under way has the backend for itself. */
  #alone<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(body);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

const frame = () => new Promise((next) => requestAnimationFrame(next));
