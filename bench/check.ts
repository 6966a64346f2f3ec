// How fast histories are checked, each by the program in a process of its own, as a user would: reading and searching count,
// starting the program does not. The histories are right by construction, so the search has to find an order to the end.

import { asEdn, asLog, historyOf, type HistorySpec } from './histories.ts';
import { row, type Bench, type Row, type Subject } from './row.ts';

const LIMIT_MS = { kv: 2_000, log: 100, hot: 30_000 } as const;
const REPEATS = 5;

type Name = 'check/kv-10000' | 'check/log-200' | 'check/hot-key-kv' | 'check/hot-key-cas';

const SPECS: Readonly<Record<Name, HistorySpec>> = {
  'check/kv-10000': { seed: 1, model: 'kv', clients: 10, operations: 10_000, keys: 10, unknownPercent: 0 },
  'check/log-200': { seed: 1, model: 'cas-register', clients: 5, operations: 200, keys: 1, unknownPercent: 10 },
  'check/hot-key-kv': { seed: 1, model: 'kv', clients: 50, operations: 10_000, keys: 1, unknownPercent: 20 },
  'check/hot-key-cas': { seed: 1, model: 'cas-register', clients: 50, operations: 10_000, keys: 1, unknownPercent: 20 },
};

async function measure(subject: Subject, name: Name, limitMs: number, repeats: number): Promise<Row[]> {
  const spec = SPECS[name];
  const text = historyOf(spec).map(spec.model === 'kv' ? asEdn : asLog).join('\n');
  const times: number[] = [];
  const verdicts = new Set<string>();
  for (let i = 0; i < repeats; i++) {
    const { verdict, wallMs } = await subject.check(text, spec.model);
    if (verdict === 'not-linearizable') throw new Error(`${name}: a history that is right by construction was called ${verdict}`);
    times.push(wallMs);
    verdicts.add(verdict);
  }
  const ms = times.toSorted((a, b) => a - b)[repeats >> 1] as number;
  const what = `${spec.operations} operations, ${spec.clients} clients, ${spec.keys === 1 ? 'one key' : `${spec.keys} keys`}${spec.unknownPercent === 0 ? '' : `, ${spec.unknownPercent} % of unknown outcome`}: ${[...verdicts].join(' or ')}`;
  return [row(name, ms, 'ms', `${limitMs} ms (${what})`, limitMs / ms)];
}

export const CHECK: readonly Bench[] = [
  { rows: ['check/kv-10000'], about: 'checking a key-value history', measure: (subject) => measure(subject, 'check/kv-10000', LIMIT_MS.kv, REPEATS) },
  { rows: ['check/log-200'], about: 'checking a log of Jepsen', measure: (subject) => measure(subject, 'check/log-200', LIMIT_MS.log, REPEATS) },
  { rows: ['check/hot-key-kv'], about: 'checking fifty clients on one key', measure: (subject) => measure(subject, 'check/hot-key-kv', LIMIT_MS.hot, 1) },
  { rows: ['check/hot-key-cas'], about: 'checking compare-and-set by fifty clients', measure: (subject) => measure(subject, 'check/hot-key-cas', LIMIT_MS.hot, 1) },
];
