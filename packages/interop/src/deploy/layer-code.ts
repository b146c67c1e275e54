import { type AnyCell, cellNames, GatewiseError } from '@gatewise/core';
import { findCell } from '@gatewise/layers';
import { recordProgram } from '@gatewise/recurrence';
import { biasOf, oneRow } from '../build.js';
import { cellOf } from '../cells.js';
import { refuseLayer } from '../errors.js';
import type { Activation, Direction, LayerSpec, RecurrentSpec } from '../model.js';
import { cellCode } from './cell-code.js';
import {
  aboveCode,
  activationCode,
  denseCode,
  embeddingCode,
  erfCode,
  mergeCode,
  recurrentCode,
} from './functions.js';
import type { ModuleText } from './module.js';
import { gateRows } from './pack.js';

/** A layer as an expression of the module; nothing for one that only trains. */
export function layerCode(module: ModuleText, layer: LayerSpec, readsIds: boolean): string | undefined {
  switch (layer.kind) {
    case 'recurrent':
      return recurrent(module, layer);
    case 'dense': {
      if (readsIds) noIds(layer.name);
      module.need('dense', denseCode);
      const W = module.tensor(layer.name, 'W', gateRows(layer.W));
      const b = layer.bias ? module.tensor(layer.name, 'bias', layer.bias) : 'null';
      const f = activation(module, layer.activation);
      return `dense(${layer.W.shape[1]}, ${W}, ${b}${f ? `, ${f}` : ''})`;
    }
    case 'embedding':
      if (layer.maskZero) noMasks(layer.name);
      if (!readsIds)
        return refuseLayer('GW_EXPORT_UNSUPPORTED', layer.name, 'got an embedding of no ids', 'put it first');
      module.need('embedding', embeddingCode);
      return `embedding(${module.tensor(layer.name, 'table', layer.table)})`;
    case 'masking':
      return noMasks(layer.name);
    case 'activation': {
      if (readsIds) noIds(layer.name);
      const f = activation(module, layer.activation);
      return f && `each(${f})`;
    }
    case 'dropout':
      return undefined;
  }
}

const noMasks = (name: string): never =>
  refuseLayer(
    'GW_EXPORT_UNSUPPORTED',
    name,
    'got a layer that makes masks; a module reads one sequence at a time, at its own length, with no padding',
    'take it out of the description (maskZero: false) and hand each sequence over without its padding',
  );
const noIds = (name: string): never =>
  refuseLayer(
    'GW_EXPORT_UNSUPPORTED',
    name,
    'got ids where it reads features',
    'put an embedding or a recurrent layer before it',
  );

function activation(module: ModuleText, name: Activation): string | undefined {
  if (name === 'gelu') module.need('erf', erfCode);
  const code = activationCode(name);
  return code && module.named('activation', code);
}

function recurrent(module: ModuleText, layer: RecurrentSpec): string {
  module.need('recurrent', recurrentCode);
  const cell = cellIn(layer);
  const code = cellCode(recordProgram(cell));
  if (code.includes('above(')) module.need('above', aboveCode);
  const name = module.named('cell', code);
  const ways = layer.directions.map((direction) => way(module, layer, direction, { cell, name }));
  const merge = ways.length > 1 ? `, ${module.named('merge', mergeCode[layer.merge ?? 'concat'])}` : '';
  const last = layer.output === 'last';
  return `recurrent(${layer.units}, ${last}, [\n    ${ways.join(',\n    ')},\n  ]${merge})`;
}

/** Any registered cell: what it computes is recorded from itself. */
function cellIn({ name, cell }: RecurrentSpec): AnyCell {
  try {
    return findCell(cellOf(cell));
  } catch (cause) {
    if (!(cause instanceof GatewiseError)) throw cause;
    return refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      `its cell is not known here (${cause.message})`,
      'import its package, or call registerCell(cell), before',
    );
  }
}

function way(
  module: ModuleText,
  layer: RecurrentSpec,
  { reverse, W, R, bias, peepholes, initial }: Direction,
  { cell, name }: { readonly cell: AnyCell; readonly name: string },
): string {
  const tensor = (role: string, values: Parameters<typeof gateRows>[0]) =>
    module.tensor(layer.name, role, values);
  const { state } = cellNames(cell);
  const fields = [
    `cell: ${name}`,
    `reverse: ${reverse}`,
    `W: ${tensor('W', gateRows(W))}`,
    `R: ${tensor('R', gateRows(R))}`,
    ...(bias ? [`b: ${tensor('bias', biasOf(layer, bias))}`] : []),
    ...(peepholes ? [`w: ${tensor('vectors', flat([...peepholes.data]))}.values`] : []),
    ...(initial ? [`s0: ${tensor('initial', starts(layer, state, initial))}`] : []),
  ];
  return `{ ${fields.join(', ')} }`;
}

const flat = (data: readonly number[]) => ({ shape: [data.length], data: Float32Array.from(data) });

/** The states one after the other; zeros for one that does not start elsewhere. */
function starts(
  { name, units: H }: RecurrentSpec,
  state: readonly string[],
  initial: NonNullable<Direction['initial']>,
) {
  return flat(
    state.flatMap((s) => {
      const values = Object.hasOwn(initial, s) ? initial[s] : undefined;
      return values ? [...oneRow(name, s, values).data] : Array<number>(H).fill(0);
    }),
  );
}
