// Every rule of every kind, broken one at a time, gives its own reason. The table says how each sort of rule is broken; the
// schemas say which rules there are, so a rule that nothing here breaks fails the test.

import { describe, expect, it } from 'vitest';
import { Float, Link, type DagMap, type DagValue } from '../base/dag-cbor.ts';
import { Random } from '../base/random.ts';
import { KINDS, PAYLOADS } from './payload.ts';
import { Broken } from './schema.ts';
import { samplePayload, writtenPayload } from './testing/samples.ts';

type Break = (value: DagValue, field: string) => DagValue;

const first = (value: DagValue): DagValue => (value as readonly DagValue[])[0] as DagValue;
const withField = (value: DagValue, ...fields: readonly (readonly [string, DagValue])[]): DagMap => new Map([...(value as DagMap), ...fields]);

const BREAKS: Readonly<Record<string, Break>> = {
  notAMap: () => 1,
  unknownField: (value) => withField(value, ['extra', 1]),
  notAName: () => 'with a space',
  notText: () => 1,
  tooLong: () => 'x'.repeat(1_025),
  unknownWord: () => 'other',
  notAnInteger: () => new Float(7),
  tooSmall: () => -1,
  tooLarge: (_value, field) => (/Units$|Ns$/.test(field) ? 2n ** 63n : Number.MAX_SAFE_INTEGER),
  notPositive: () => 0,
  negative: () => -1,
  below60s: () => 59_999,
  notBytes: () => 'text',
  wrongLength: () => new Uint8Array(20_000),
  notALink: () => new Uint8Array(36),
  otherLink: () => new Link(Uint8Array.from([1, 0x70, 0x12, 0x20, ...new Uint8Array(32)])),
  notAList: () => new Map(),
  tooFew: () => [],
  tooMany: (value) => Array.from({ length: 5_000 }, () => first(value)),
  notInOrder: (value) => [first(value), first(value)],
  notANeedId: () => '01/need',
  namedTwice: (value) => [first(value), first(value)],
  heartbeatNotBelowTtl: (value) => withField(value, ['heartbeatIntervalMs', 60_000], ['leaseTtlMs', 60_000]),
  fewerThanKPlan: (value) => withField(value, ['kPlan', 4]),
  bondTooLow: (value) => withField(value, ['kind', 'schema'], ['severity', 'low'], ['bondUnits', 9_999_999_999_999]),
  slashedAndHonest: (value) => withField(value, ['slashed', (value as DagMap).get('honest') as DagValue]),
};

/** The value with the part at the path replaced; `each` is the first of a list. */
function changed(value: DagValue, path: readonly string[], change: Break, field = ''): DagValue {
  const [step, ...rest] = path;
  if (step === undefined) return change(value, field);
  if (step === 'each') return [changed(first(value), rest, change, field), ...(value as readonly DagValue[]).slice(1)];
  const map = value as DagMap;
  if (!map.has(step)) throw new Error(`the sample has no ${step}`);
  return new Map([...map].map(([key, one]) => [key, key === step ? changed(one, rest, change, step) : one]));
}

function broken(rule: string, payload: DagMap): DagValue {
  const path = rule.split('.');
  const last = path.pop() as string;
  if (last !== 'missing') {
    const how = BREAKS[last];
    if (how === undefined) throw new Error(`nothing says how to break "${last}"`);
    return changed(payload, path, how);
  }
  const field = path.pop() as string;
  return changed(payload, path, (value) => new Map([...(value as DagMap)].filter(([key]) => key !== field)));
}

describe('payloads', () => {
  it('are of sixteen kinds', () => {
    expect([...KINDS].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'ATTEST', 'ATTEST_PLAN', 'CHALLENGE', 'CHECKPOINT', 'CLAIM', 'COMMIT', 'DECIDE', 'FINALIZE', 'HEARTBEAT', 'INVALIDATE', 'NEED', 'PROPOSE', 'RECONCILE', 'RELEASE', 'UPDATE_PLAN', 'YIELD',
    ]);
  });

  it.each(KINDS)('%s: what keeps all rules is read as it was written, and each rule that is broken is named', (kind) => {
    const random = Random.of(1, 'payloads', kind);
    const schema = PAYLOADS[kind];
    for (let i = 0; i < 20; i++) {
      const payload = samplePayload(kind, random);
      expect((schema as typeof PAYLOADS.NEED).read((schema as typeof PAYLOADS.NEED).write(payload as never))).toEqual(payload);
    }
    expect(new Set(schema.rules).size).toBe(schema.rules.length);
    const payload = writtenPayload(kind, random);
    for (const rule of schema.rules) {
      const read = schema.read(broken(rule, payload));
      expect(read instanceof Broken ? read.rule : 'it was accepted', rule).toBe(rule);
    }
  });

  it('take what is just within a rule', () => {
    const claim = { taskId: 't', leaseTtlMs: 60_000, costUnits: 1, etaMs: 1, heartbeatIntervalMs: 59_999 };
    expect(PAYLOADS.CLAIM.read(new Map(Object.entries(claim)))).toEqual({ ...claim, costUnits: 1n });
    expect(PAYLOADS.YIELD.read(new Map([['taskId', 't'], ['reason', 'ä'.repeat(512)]]))).toMatchObject({ taskId: 't' });
    expect(PAYLOADS.YIELD.read(new Map([['taskId', 't'], ['reason', 'ä'.repeat(513)]]))).toEqual(new Broken('reason.tooLong'));
    expect(PAYLOADS.HEARTBEAT.read(new Map<string, DagValue>([['lease', 'l'], ['progress', 1_000_000]]))).toMatchObject({ progress: 1_000_000 });
  });
});
