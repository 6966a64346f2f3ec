import { describe, expect, test } from 'vitest';
import { groupId, sessionId } from '../kernel/base/ids.ts';
import { SECOND } from '../kernel/base/time.ts';
import type { KernelImage } from '../kernel/image.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { RaftImage } from '../kernel/raft/image.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../kernel/parameters.ts';
import { bucketOf } from '../kernel/decide/record.ts';
import { housekeeping } from './housekeeping.ts';
import { first, N1, need, recordOf, Stage } from './testing/stage.ts';

/** A node that has just booted, and what a run might have left of it. */
function left(change: (image: KernelImage) => KernelImage, more: { up?: boolean; out?: boolean } = {}, ranUs = 0): Stage {
  const stage = new Stage(housekeeping);
  const booted = new Kernel();
  booted.step({ sequence: 1, at: 0, wall: 0, cause: { kind: 'boot', self: N1, seed: 1, parameters: stage.run.parameters, version: 'test' } });
  const kernel = Kernel.restore(change(booted.image()));
  const node = { id: N1, up: more.up ?? true, out: more.out ?? false, kernel, files: () => ({}) };
  return stage.wait(ranUs).show((sink) => sink.finished?.({ now: stage.time, nodes: [node] }));
}

const group = (change: Partial<RaftImage>) => (image: KernelImage): KernelImage => ({ ...image, groups: image.groups.map((one) => ({ ...one, ...change })) });
const messageOf = (stage: Stage): string => stage.violations[0]?.message ?? '';
const logOf = (length: number): Partial<RaftImage> => ({ entries: Array.from({ length }, () => first(1)), commit: length, applied: length });
const untidy = group(logOf(RAFT_DEFAULTS.keepEntries + 1));
const session = { row: { session: sessionId(1), opener: N1, nonce: 1, used: 1, answered: 0, outcomes: [] }, touchedAt: 0, inLog: [] };

describe('housekeeping', () => {
  test('finds nothing to complain of in a node that has done nothing', () => {
    expect(left((image) => image).judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test('looks at nodes that are up, and not turned away', () => {
    expect(left(untidy).violations.length).toBe(1);
    for (const more of [{ up: false }, { out: true }]) expect(left(untidy, more).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('leaves no question open, and counts those it has', () => {
    const call = { request: { client: 1, number: 1 }, operation: { kind: 'get' as const, need: need('a'), bucket: bucketOf(need('a')) }, body: undefined, since: 0, number: 1, to: N1, hops: 0, nextTry: 0 };
    const open = (reads: (typeof call)[], count: number) => (image: KernelImage): KernelImage => ({ ...image, gateway: { ...image.gateway, open: count, lanes: image.gateway.lanes.map((lane) => ({ ...lane, reads })) } });
    expect(messageOf(left(open([call], 1)))).toContain('holds 1 requests open');
    expect(messageOf(left(open([], 1)))).toContain('counts 1 requests that are open, and holds 0');
    const order = { request: { client: 0, number: 1 }, group: groupId(0), wish: { kind: 'members' as const }, since: 0, token: 1, to: N1, hops: 0, nextTry: 0 };
    expect(messageOf(left((image) => ({ ...image, orders: { open: [order], nextToken: 2 } })))).toContain('holds 1 orders open');
  });

  test('keeps the log short', () => {
    expect(left(group(logOf(RAFT_DEFAULTS.keepEntries))).violations).toEqual([]);
    expect(messageOf(left(untidy))).toContain('keeps 257 applied entries, and needs 256');
  });

  test('forgets epochs in time, and not before', () => {
    const machine = { lamport: 1, epoch: 5, lowWater: 5 - DECIDE_DEFAULTS.keepEpochs, named: 5, records: [recordOf('a', 'p', 1, N1)] };
    expect(left(group({ machine })).violations).toEqual([]);
    for (const lowWater of [machine.lowWater - 1, machine.lowWater + 1]) expect(messageOf(left(group({ machine: { ...machine, lowWater } })))).toContain(`has forgotten everything before epoch ${lowWater}`);
  });

  test('goes on with the epochs, where it leads', () => {
    const late = 2 * 2 * DECIDE_DEFAULTS.epochUs;
    const leads = group({ role: 'leader' });
    expect(left(leads, {}, late - SECOND).violations).toEqual([]);
    expect(messageOf(left(leads, {}, late + SECOND))).toContain('is in epoch 0');
    expect(left((image) => image, {}, late + SECOND).violations).toEqual([]);
  });

  test('lets go of sessions that nobody uses, where it leads', () => {
    const at = RAFT_DEFAULTS.sessionIdleUs + 3 * SECOND;
    const leads = (role: RaftImage['role'], ownAt: number, inLog: readonly number[] = []) => (image: KernelImage): KernelImage => ({ ...group({ role, ownAt, sessions: [{ ...session, inLog }] })(image), at });
    expect(messageOf(left(leads('leader', 0)))).toContain('keeps a session that nobody has used');
    expect(left(leads('follower', 0)).violations).toEqual([]);
    expect(left(leads('leader', at - SECOND)).violations).toEqual([]);
    expect(messageOf(left(leads('leader', 0, [1])))).toContain('waits for commands that are applied');
  });
});
