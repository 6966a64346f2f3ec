// Strict schemas of what was decoded from DAG-CBOR. A schema says of a value what it is, or by which rule it is none: the name
// of a field and of its rule (`leaseTtlMs.below60s`). It names all of its rules, so that a test can break each. Floats have no
// place in an envelope (two machines may round them differently): what has a fraction is counted in millionths.

import { Link, type DagMap, type DagValue } from '../base/dag-cbor.ts';
import { hashOf, hex, linkTo, type DAG_CBOR, type RAW } from './link.ts';

/** By which rule a value was refused. */
export class Broken {
  readonly rule: string;

  constructor(rule: string) {
    this.rule = rule;
  }
}

export interface Schema<T> {
  readonly rules: readonly string[];
  read(value: DagValue): T | Broken;
  write(value: T): DagValue;
}

/** Longer text in an envelope is content, and is named by its hash. */
export const MAX_TEXT_BYTES = 1_024;
const NAME = /^[\x21-\x7e]{1,64}$/;
const TOO_LARGE: bigint = 1n << 63n;

function rule<T>(rules: readonly string[], read: (value: DagValue) => T | string, write: (value: T) => DagValue, passes: (value: T | string) => value is T): Schema<T> {
  const broken = new Map(rules.map((name) => [name, new Broken(name)]));
  return {
    rules,
    read: (value) => {
      const found = read(value);
      return passes(found) ? found : (broken.get(found as string) as Broken);
    },
    write,
  };
}

/** An id that people or programs choose: 1 to 64 printable ASCII characters. */
export function name(): Schema<string> {
  const bad = new Broken('notAName');
  return { rules: ['notAName'], read: (value) => (typeof value === 'string' && NAME.test(value) ? value : bad), write: (value) => value };
}

export function text(): Schema<string> {
  const rules = ['notText', 'tooLong'] as const;
  const [notText, tooLong] = rules.map((one) => new Broken(one)) as [Broken, Broken];
  return {
    rules,
    // Three bytes of UTF-8 at most for each unit: what is short enough in any case is not measured.
    read: (value) => (typeof value !== 'string' ? notText : 3 * value.length > MAX_TEXT_BYTES && utf8Length(value) > MAX_TEXT_BYTES ? tooLong : value),
    write: (value) => value,
  };
}

function utf8Length(value: string): number {
  let size = 0;
  for (const character of value) {
    const code = character.codePointAt(0) as number;
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return size;
}

export function oneOf<T extends string>(...words: readonly T[]): Schema<T> {
  const bad = new Broken('unknownWord');
  return { rules: ['unknownWord'], read: (value) => (words.includes(value as T) ? (value as T) : bad), write: (value) => value };
}

export function flag(): Schema<boolean> {
  const bad = new Broken('notABoolean');
  return { rules: ['notABoolean'], read: (value) => (typeof value === 'boolean' ? value : bad), write: (value) => value };
}

/** An integer in [least, most]; the rule that a smaller one breaks may have a name of its own. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER, tooSmall = 'tooSmall'): Schema<number> {
  const rules = most === Number.MAX_SAFE_INTEGER ? (['notAnInteger', tooSmall] as const) : (['notAnInteger', tooSmall, 'tooLarge'] as const);
  return rule<number>(
    rules,
    (value) => (typeof value !== 'number' ? 'notAnInteger' : value < least ? tooSmall : value > most ? 'tooLarge' : value),
    (value) => value,
    (value): value is number => typeof value === 'number',
  );
}

/** An amount in base units, or nanoseconds: a whole number below 2^63. */
export function amount(least: bigint = 0n, tooSmall = 'negative'): Schema<bigint> {
  return rule<bigint>(
    ['notAnInteger', tooSmall, 'tooLarge'],
    (value) => {
      if (typeof value !== 'number' && typeof value !== 'bigint') return 'notAnInteger';
      const whole = BigInt(value);
      return whole < least ? tooSmall : whole >= TOO_LARGE ? 'tooLarge' : whole;
    },
    (value) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value),
    (value): value is bigint => typeof value === 'bigint',
  );
}

/** In millionths. */
export const share = (): Schema<number> => integer(0, 1_000_000);

export function bytes(least: number, most: number): Schema<Uint8Array> {
  const [notBytes, wrongLength] = [new Broken('notBytes'), new Broken('wrongLength')];
  return {
    rules: ['notBytes', 'wrongLength'],
    read: (value) => (!(value instanceof Uint8Array) ? notBytes : value.length < least || value.length > most ? wrongLength : value),
    write: (value) => value,
  };
}

/** Bytes of one length that are names: in our state they are hexadecimal digits. */
export function digits(length: number): Schema<string> {
  const inner = bytes(length, length);
  return {
    rules: inner.rules,
    read: (value) => {
      const found = inner.read(value);
      return found instanceof Broken ? found : hex(found);
    },
    write: (value) => unhex(value),
  };
}

export function unhex(text: string): Uint8Array {
  const out = new Uint8Array(text.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** A link to a content, which is named by its hash in our state. */
export function link(codec: typeof RAW | typeof DAG_CBOR): Schema<string> {
  const [notALink, otherLink] = [new Broken('notALink'), new Broken('otherLink')];
  return {
    rules: ['notALink', 'otherLink'],
    read: (value) => (value instanceof Link ? (hashOf(value, codec) ?? otherLink) : notALink),
    write: (value) => linkTo(value, codec),
  };
}

export function list<T>(of: Schema<T>, least: number, most: number): Schema<readonly T[]> {
  const [notAList, tooFew, tooMany] = [new Broken('notAList'), new Broken('tooFew'), new Broken('tooMany')];
  const inner = within('each', of);
  return {
    rules: ['notAList', ...(least > 0 ? ['tooFew'] : []), 'tooMany', ...inner.rules],
    read: (value) => {
      if (!Array.isArray(value)) return notAList;
      if (value.length < least) return tooFew;
      if (value.length > most) return tooMany;
      const out: T[] = [];
      for (const one of value as readonly DagValue[]) {
        const found = inner.read(one);
        if (found instanceof Broken) return found;
        out.push(found);
      }
      return out;
    },
    write: (values) => values.map((one) => of.write(one)),
  };
}

/** A list in which nothing stands twice, in the order of `compare`: a set has one form. */
export function set<T>(of: Schema<T>, compare: (a: T, b: T) => number, least: number, most: number): Schema<readonly T[]> {
  return checked(list(of, least, most), 'notInOrder', (values) => values.every((one, place) => place === 0 || compare(values[place - 1] as T, one) < 0));
}

export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same rules, under the name of the field. */
function within<T>(field: string, of: Schema<T>): Schema<T> {
  const broken = new Map(of.rules.map((one) => [one, new Broken(`${field}.${one}`)]));
  return {
    rules: of.rules.map((one) => `${field}.${one}`),
    read: (value) => {
      const found = of.read(value);
      return found instanceof Broken ? (broken.get(found.rule) as Broken) : found;
    },
    write: (value) => of.write(value),
  };
}

/** A map of exactly these fields. */
export function record<T extends object>(fields: { readonly [K in keyof T & string]: Schema<T[K]> }): Schema<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const inner = names.map((field) => ({ field, missing: new Broken(`${field}.missing`), schema: within<unknown>(field, fields[field]) }));
  const [notAMap, unknownField] = [new Broken('notAMap'), new Broken('unknownField')];
  return {
    rules: ['notAMap', 'unknownField', ...inner.flatMap(({ missing, schema }) => [missing.rule, ...schema.rules])],
    read: (value) => {
      if (!(value instanceof Map)) return notAMap;
      const map = value as DagMap;
      const out: Partial<Record<string, unknown>> = {};
      for (const { field, missing, schema } of inner) {
        const given = map.get(field);
        if (given === undefined) return missing;
        const found = schema.read(given);
        if (found instanceof Broken) return found;
        out[field] = found;
      }
      return map.size === inner.length ? (out as T) : unknownField;
    },
    write: (value) => new Map(names.map((field) => [field, fields[field].write(value[field])])),
  };
}

/** With a rule about several fields together. */
export function checked<T>(of: Schema<T>, broken: string, holds: (value: T) => boolean): Schema<T> {
  const fault = new Broken(broken);
  return {
    rules: [...of.rules, broken],
    read: (value) => {
      const found = of.read(value);
      return found instanceof Broken || holds(found) ? found : fault;
    },
    write: (value) => of.write(value),
  };
}
