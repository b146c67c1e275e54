import { refuseLayer } from '../errors.js';
import type { Direction, RecurrentSpec, Values } from '../model.js';
import { rowOf } from '../values.js';
import type { OnnxNode } from './graph.js';
import type { Meaning } from './meaning.js';
import { flowOf, type Reading, refuseNode } from './read.js';
import { follow, nameOf } from './read-layers.js';
import { directionOf, type NodeWeights, recurrentNode } from './recurrent-node.js';

/** Adds a recurrent layer; gives what Y, Y_h and Y_c are. */
export function recurrentSpec(reading: Reading, node: OnnxNode): Meaning[] {
  const said = recurrentNode(node);
  const flow = flowOf(reading, node.inputs[0] ?? '') ?? refuseNode(node);
  const wanted = said.layout === 1 ? 'BTF' : 'TBF';
  const turned = flow.axes.includes('p');
  const axes = turned ? flow.axes.replace(/[pq]/g, (_, k: number) => wanted[k] as string) : flow.axes;
  if (axes !== wanted) refuseNode(node);
  if (turned && timeFirst(flow.axes, wanted))
    reading.notes.push('the net there reads [time, batch, …]; the model here reads [batch, time, …]');
  const weights = weightsOf(reading, node);
  const starts = said.reverse.map((_, d) => initialOf(reading, node, d, said.layout));
  const directions = said.reverse.map((_, d): Direction => {
    const initial = starts[d];
    return { ...directionOf(node, said, weights, d), ...(initial && { initial }) };
  });
  const layer: RecurrentSpec = {
    ...{ kind: 'recurrent', name: nameOf(reading, node), cell: said.cell, directions },
    units: weights.R.shape[2] as number,
    ...(directions.length > 1 && { merge: 'concat' as const }),
    output: readsSteps(reading, node) ? 'sequence' : 'last',
    padding: 'zeros',
  };
  reading.input ??= { kind: 'features', steps: null, width: weights.W.shape[2] as number };
  lengthsOf(reading, node);
  const behind = follow(reading, flow, layer);
  const k = reading.layers.length - 1;
  return [
    { ...behind, axes: said.layout === 1 ? 'BTDF' : 'TDBF' },
    { kind: 'state', state: 'h', layers: [k] },
    { kind: 'state', state: 'c', layers: [k] },
  ];
}

/** p is the net's first axis, wherever it stands now. */
const timeFirst = (axes: string, wanted: string) => wanted[axes.indexOf('p')] === 'T';

/** Whether anything reads Y, the outputs of every step. */
function readsSteps({ graph }: Reading, { outputs: [y = ''] }: OnnxNode): boolean {
  const read =
    graph.nodes.some(({ inputs }) => inputs.includes(y)) || graph.outputs.some(({ name }) => name === y);
  return y !== '' && read;
}

function weightsOf({ meanings }: Reading, node: OnnxNode): NodeWeights {
  const at = (k: number): Values | undefined => {
    const name = node.inputs[k] ?? '';
    const meaning = meanings.get(name);
    if (name === '') return undefined;
    if (meaning?.kind === 'constant')
      return { shape: meaning.values.shape, data: Float32Array.from(meaning.values.data) };
    return refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      node.name,
      `got weights "${name}" that are no constant`,
      'run the net as it stands with runOnnx',
    );
  };
  const [W, R, B, P] = [1, 2, 3, 7].map(at);
  if (!W || !R)
    return refuseLayer(
      'GW_IMPORT_WEIGHTS',
      node.name,
      `got ${node.op} without W or R`,
      'the file is damaged',
    );
  return { W, R, ...(B && { B }), ...(P && { P }) };
}

/** Initial states of direction d, where they are no zeros: rows of a constant. */
function initialOf(
  reading: Reading,
  node: OnnxNode,
  d: number,
  layout: 0 | 1,
): Record<string, Values> | undefined {
  const found: Record<string, Values> = {};
  for (const [state, k] of [
    ['h', 5],
    ['c', 6],
  ] as const) {
    const name = node.inputs[k] ?? '';
    if (name === '') continue;
    const meaning = reading.meanings.get(name);
    const values =
      meaning?.kind === 'constant' ? meaning.values : meaning?.kind === 'start' ? meaning.from : 'input';
    if (values === 'input') {
      reading.notes.push(
        `${node.name}: its initial state ${state} is an input there; here it is zeros, or given in use`,
      );
      continue;
    }
    if (values === 'zeros') continue;
    const data = Float32Array.from(values.data);
    const [rows, H] = [values.shape[layout === 1 ? 0 : 1] as number, values.shape[2] as number];
    const one =
      layout === 1 ? columns({ shape: values.shape, data }, d) : rowOf({ shape: values.shape, data }, d);
    if (one.data.every((v) => v === 0)) continue;
    found[state] = rows === 1 ? { shape: [H], data: one.data } : one;
  }
  return Object.keys(found).length > 0 ? found : undefined;
}

/** [B,D,H] to [B,H] of one direction. */
function columns({ shape, data }: Values, d: number): Values {
  const [B, D, H] = shape as [number, number, number];
  const out = new Float32Array(B * H);
  for (let b = 0; b < B; b++) out.set(data.subarray((b * D + d) * H, (b * D + d + 1) * H), b * H);
  return { shape: [B, H], data: out };
}

function lengthsOf({ meanings, graph, notes }: Reading, node: OnnxNode): void {
  const name = node.inputs[4] ?? '';
  if (name === '') return;
  if (meanings.has(name) || !graph.inputs.some((port) => port.name === name)) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      node.name,
      'got lengths of one batch as a constant',
      'run the net as it stands with runOnnx',
    );
  }
  notes.push(
    `${node.name}: lengths are an input there; here give a mask, or lengths where the trainer takes them`,
  );
}
