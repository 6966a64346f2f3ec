// Values are compared by their text in EDN notation, so that the same history means the same in every format.

import { NIL, type Value } from './operation.ts';

export function textOf(value: Value): string {
  return typeof value === 'string' ? value : `[${value.map(textOf).join(' ')}]`;
}

/** What a string holds; any other scalar as it is written; undefined for a list. */
export function contentOf(value: Value): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}

export const isNil = (value: Value): boolean => value === NIL;
