// One line of somebody's history: what every format is read into.

import type { Value } from '../../properties/history/operation.ts';

export const TYPES = ['invoke', 'ok', 'fail', 'info'] as const;
export type EventType = (typeof TYPES)[number];

export interface HistoryEvent {
  readonly line: number;
  /** A client is a number. Who is not (`:nemesis`) only informs. */
  readonly process: number | string;
  readonly type: EventType;
  readonly f: string;
  readonly key: Value | undefined;
  readonly value: Value;
  readonly tooOld: boolean;
}

/** What is wrong with a line. The file's name is added where it is known. */
export class LineFault extends Error {
  readonly line: number;

  constructor(line: number, what: string) {
    super(what);
    this.line = line;
  }
}

/** A reader is told lines one by one, and tells the events that are complete. */
export interface FormatReader {
  line(text: string, number: number): void;
  end(): void;
}

/** What a line may quote of itself: short, and on one line. */
export function quoted(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return JSON.stringify(shown);
}

/** A record with the fields of an operation, from any format. */
export interface Fields {
  readonly process?: Value | undefined;
  readonly type?: Value | undefined;
  readonly f?: Value | undefined;
  readonly key?: Value | undefined;
  readonly value?: Value | undefined;
  readonly tooOld?: Value | undefined;
}

export function eventOf(fields: Fields, line: number): HistoryEvent {
  const { process, key, value = 'nil', tooOld } = fields;
  if (process === undefined) throw new LineFault(line, 'expected an operation with a "process", found none');
  const type = wordOf(fields.type, 'type', line);
  if (!(TYPES as readonly string[]).includes(type)) throw new LineFault(line, `unknown type ${quoted(type)}: expected one of ${TYPES.join(', ')}`);
  const number = typeof process === 'string' && /^\d{1,15}$/.test(process) ? Number(process) : undefined;
  return {
    line, process: number ?? (typeof process === 'string' ? process : 'a list'), type: type as EventType, f: wordOf(fields.f, 'f', line),
    key: key === undefined || key === 'nil' ? undefined : key, value, tooOld: tooOld === 'true',
  };
}

/** A word may be a keyword or a string. */
function wordOf(value: Value | undefined, field: string, line: number): string {
  if (typeof value !== 'string' || value === 'nil') throw new LineFault(line, `expected an operation with "${field}", found ${value === undefined || value === 'nil' ? 'none' : 'a list'}`);
  return value.startsWith('"') ? (JSON.parse(value) as string).replace(/^:/, '') : value.replace(/^:/, '');
}
