// Histories of a store that is right by construction: every operation takes effect at one moment between its call and its
// return. One of unknown outcome takes effect at any time after its call, or never, and its client goes on under a new number,
// as Jepsen's do. So the verdict is known without any checker.

import { Random } from '../kernel/base/random.ts';

export interface HistorySpec {
  readonly seed: number;
  readonly model: 'kv' | 'cas-register';
  readonly clients: number;
  readonly operations: number;
  readonly keys: number;
  /** Of a hundred operations, how many end without anybody knowing how. */
  readonly unknownPercent: number;
  /** So many reads are answered with what was true long before. */
  readonly staleReads?: number;
}

interface Drawn {
  readonly process: number;
  readonly f: string;
  readonly key: number;
  readonly argument: readonly number[];
  readonly text: string;
  readonly called: number;
  readonly returned: number;
  /** Undefined: it never takes effect. */
  readonly effect: number | undefined;
  readonly unknown: boolean;
}

export interface HistoryLine {
  readonly process: number;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly key: string;
  /** In EDN notation. */
  readonly value: string;
}

/** Between two operations of a client, and between the parts of one, in no unit. */
const PAUSE = 400;
const SPAN = 1_000;
const VALUES = 5;
/** An operation of unknown outcome may take effect as late as after so many spans. */
const LATE = 40;
/** A stale read shows the value that so many others have followed. */
const LONG_AGO = 150;

export function historyOf(spec: HistorySpec): readonly HistoryLine[] {
  const drawn = Array.from({ length: spec.clients }, (_, client) => operationsOf(spec, client)).flat();
  const answers = answersOf(drawn, spec);
  const moments = drawn.flatMap((operation, place) => [{ at: operation.called, place, ends: false }, { at: operation.returned, place, ends: true }]);
  moments.sort((a, b) => a.at - b.at || Number(a.ends) - Number(b.ends) || a.place - b.place);
  return moments.map(({ place, ends }): HistoryLine => {
    const operation = drawn[place] as Drawn;
    const { process, f, unknown } = operation;
    const key = `"${operation.key}"`;
    const asked = f === 'get' || f === 'read' ? 'nil' : spec.model === 'kv' ? `"${operation.text}"` : operation.argument.length === 1 ? `${operation.argument[0]}` : `[${operation.argument.join(' ')}]`;
    if (!ends) return { process, type: 'invoke', f, key, value: asked };
    if (unknown) return { process, type: 'info', f, key, value: ':timed-out' };
    const answer = answers[place];
    if (answer === undefined) return { process, type: 'fail', f, key, value: asked };
    return { process, type: 'ok', f, key, value: f === 'get' || f === 'read' ? answer : asked };
  });
}

function operationsOf({ seed, model, clients, operations, keys, unknownPercent }: HistorySpec, client: number): Drawn[] {
  const random = Random.of(seed, 'client', client);
  const count = Math.floor(operations / clients) + (client < operations % clients ? 1 : 0);
  let process = client;
  let now = random.below(PAUSE);
  return Array.from({ length: count }, (_, number): Drawn => {
    const f = random.pick(model === 'kv' ? ['get', 'put', 'append'] : ['read', 'write', 'cas']);
    const called = now;
    const takes = called + 1 + random.below(SPAN);
    const returned = takes + 1 + random.below(SPAN);
    const unknown = random.chance(unknownPercent * 10_000);
    const effect = !unknown ? takes : random.chance(500_000) ? called + 1 + random.below(SPAN * LATE) : undefined;
    now = returned + 1 + random.below(PAUSE);
    const own = process;
    if (unknown) process += clients;
    const argument = f === 'cas' ? [random.below(VALUES), random.below(VALUES)] : [random.below(VALUES)];
    return { process: own, f, key: random.below(keys), argument, text: `x ${client} ${number} y`, called, returned, effect, unknown };
  });
}

/** What each was told, in EDN notation; undefined for a compare-and-set that failed. */
function answersOf(drawn: readonly Drawn[], { model, seed, staleReads = 0 }: HistorySpec): (string | undefined)[] {
  const answers: (string | undefined)[] = [];
  const states = new Map<number, string>();
  const past = new Map<number, string[]>();
  const order = drawn.flatMap(({ effect }, place) => (effect === undefined ? [] : [{ effect, place }])).toSorted((a, b) => a.effect - b.effect || a.place - b.place);
  const random = Random.of(seed, 'stale');
  const stale = Array.from({ length: staleReads }, () => random.between(order.length >> 1, order.length - 1)).toSorted((a, b) => a - b);
  for (const [turn, { place }] of order.entries()) {
    const { f, key, argument, text, unknown } = drawn[place] as Drawn;
    const state = states.get(key) ?? (model === 'kv' ? '' : 'nil');
    const known = past.get(key) ?? [];
    if (known.length === 0) past.set(key, known);
    if (known.at(-1) !== state) known.push(state);
    if (f === 'get' || f === 'read') {
      const isStale = unknown !== true && turn >= (stale[0] ?? Infinity) && known.length > LONG_AGO;
      if (isStale) stale.shift();
      const shown = isStale ? (known.at(-1 - LONG_AGO) as string) : state;
      answers[place] = model === 'kv' ? `"${shown}"` : shown;
    } else if (f === 'cas') {
      if (state !== String(argument[0])) continue;
      states.set(key, String(argument[1]));
      answers[place] = 'done';
    } else {
      states.set(key, model !== 'kv' ? String(argument[0]) : f === 'put' ? text : state + text);
      answers[place] = 'done';
    }
  }
  return answers;
}

export const asEdn = ({ process, type, f, key, value }: HistoryLine): string => `{:process ${process}, :type :${type}, :f :${f}, :key ${key}, :value ${value}}`;
/** As Jepsen logs it: there are no keys. */
export const asLog = ({ process, type, f, value }: HistoryLine): string => `INFO  jepsen.util - ${process}\t:${type}\t:${f}\t${value}`;
