import { describe, expect, test } from 'vitest';
import type { NeedId, ProposalId } from '../../kernel/base/ids.ts';
import type { Operation, RequestId } from '../../kernel/event.ts';
import { Requests, type RequestBounds } from './requests.ts';

const decide: Operation = { kind: 'decide', need: '0/a' as NeedId, bucket: 1, proposal: 'p' as ProposalId, kPlan: 1 };
const get: Operation = { kind: 'get', need: '0/a' as NeedId, bucket: 1 };
const roomy: RequestBounds = { inFlight: 100, perConnection: 100, patienceMs: 1_000 };

function desk(bounds: RequestBounds = roomy, life = 7): { requests: Requests; asked: RequestId[]; at: { ms: number } } {
  const asked: RequestId[] = [];
  const at = { ms: 0 };
  return { requests: new Requests((request) => void asked.push(request), bounds, life, () => at.ms), asked, at };
}

describe('requests of clients', () => {
  test('each answer finds the request it belongs to, in any order', async () => {
    const { requests, asked } = desk();
    const one = requests.connected();
    const two = requests.connected();
    const answers = [requests.request(one, get), requests.request(one, get), requests.request(two, get)];
    requests.reply(asked[2] as RequestId, { kind: 'tooOld', lowWater: 3 });
    requests.reply(asked[1] as RequestId, { kind: 'tooOld', lowWater: 2 });
    requests.reply(asked[0] as RequestId, { kind: 'tooOld', lowWater: 1 });
    expect(await Promise.all(answers)).toEqual([1, 2, 3].map((lowWater) => ({ kind: 'tooOld', lowWater })));
    expect(requests.inFlight).toBe(0);
  });

  test('an answer for a connection that is gone reaches nobody, least of all who has its seat now', async () => {
    const { requests, asked } = desk();
    const gone = requests.connected();
    void requests.request(gone, get);
    requests.gone(gone);
    const next = requests.connected();
    expect(next.client).toBe(gone.client);
    const answer = requests.request(next, get) as Promise<unknown>;
    requests.reply(asked[0] as RequestId, { kind: 'tooOld', lowWater: 9 });
    expect(requests.counts.abandoned).toBe(1);
    requests.reply(asked[1] as RequestId, { kind: 'none' });
    expect(await answer).toEqual({ kind: 'none' });
  });

  test('an answer from an earlier life of the process reaches nobody', () => {
    const before = desk(roomy, 7);
    void before.requests.request(before.requests.connected(), get);
    const after = desk(roomy, 8);
    void after.requests.request(after.requests.connected(), get);
    after.requests.reply(before.asked[0] as RequestId, { kind: 'none' });
    expect(after.requests.counts.abandoned).toBe(1);
    expect(after.requests.inFlight).toBe(1);
  });

  test('what is over a bound is turned away and leaves nothing behind', () => {
    const { requests, asked } = desk({ ...roomy, inFlight: 3, perConnection: 2 });
    const one = requests.connected();
    const two = requests.connected();
    expect([requests.request(one, get), requests.request(one, get), requests.request(one, get)].map((taken) => taken !== undefined)).toEqual([true, true, false]);
    expect(requests.request(two, get)).toBeDefined();
    expect(requests.full).toBe(true);
    expect(requests.request(two, get)).toBeUndefined();
    expect(asked.length).toBe(3);
    requests.gone(one);
    expect(requests.inFlight).toBe(1);
    expect(requests.request(two, get)).toBeDefined();
  });

  test('connections that want everything leave room for one that comes later', () => {
    const { requests } = desk({ ...roomy, inFlight: 1_000, perConnection: 1_000 });
    const greedy = Array.from({ length: 50 }, () => requests.connected());
    for (let round = 0; round < 1_000; round++) for (const connection of greedy) void requests.request(connection, get);
    const modest = requests.connected();
    const taken = Array.from({ length: 10 }, () => requests.request(modest, get)).filter((answer) => answer !== undefined).length;
    expect(taken).toBe(10);
    expect(requests.inFlight).toBeLessThanOrEqual(1_000);
  });

  test('what the node never answers is answered here: a decide as unknown, a read as refused', async () => {
    const { requests, at } = desk();
    const connection = requests.connected();
    const answers = [requests.request(connection, decide), requests.request(connection, get)];
    at.ms = 999;
    requests.expire();
    expect(requests.inFlight).toBe(2);
    at.ms = 1_000;
    requests.expire();
    expect(await Promise.all(answers)).toEqual([{ kind: 'unknown', why: 'timeout' }, { kind: 'refused', why: 'unreachable' }]);
    expect(requests.inFlight).toBe(0);
  });
});
