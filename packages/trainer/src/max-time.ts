import { GatewiseError } from '@gatewise/core';

/** Seconds, or `'10:00'`, `'00:10:00'`, `'1:12:00:00'`: days, hours, minutes, seconds, as many as are needed from the right. */
export type MaxTime = number | `${number}:${string}`;

const UNITS = [1, 60, 3600, 86_400];

/** Milliseconds. Errors: `GW_TRAIN_MAX_TIME`. */
export function readMaxTime(time: MaxTime): number {
  const seconds = typeof time === 'number' ? time : readClock(time);
  if (typeof seconds === 'number' && seconds > 0 && !Number.isNaN(seconds)) return seconds * 1000;
  throw new GatewiseError(
    'GW_TRAIN_MAX_TIME',
    `got maxTime ${JSON.stringify(time)}, wanted seconds above 0, or a text such as "00:10:00": [[days:]hours:]minutes:seconds`,
  );
}

/** undefined for what is no time. */
function readClock(text: string): number | undefined {
  if (typeof text !== 'string' || !/^\d+(:\d{1,2}){1,3}$/.test(text)) return undefined;
  const parts = text.split(':').map(Number).reverse();
  const carried = parts.slice(0, -1).every((part, i) => part < (i === 2 ? 24 : 60));
  return carried ? parts.reduce((sum, part, i) => sum + part * (UNITS[i] as number), 0) : undefined;
}
