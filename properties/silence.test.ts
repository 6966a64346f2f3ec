import { describe, expect, test } from 'vitest';
import { groupId } from '../kernel/base/ids.ts';
import { SECOND } from '../kernel/base/time.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS, SWARM_DEFAULTS, type Parameters } from '../kernel/parameters.ts';
import { founding } from '../kernel/raft/configuration.ts';
import { append } from '../kernel/raft/message.ts';
import { silence } from './silence.ts';
import { first, N1, N2, N3, Stage } from './testing/stage.ts';

const GROUPS = 8;
const PARAMETERS: Parameters = {
  network: 'stage', nodes: 3, groups: Array.from({ length: GROUPS }, (_, id) => ({ id: groupId(id), voters: [N1, N2, N3] })), raft: RAFT_DEFAULTS, decide: DECIDE_DEFAULTS, swarm: SWARM_DEFAULTS, gpuPollUs: 0, followsParent: false, planSyncUs: 0,
};
const node = { id: N1, up: true, out: false, kernel: undefined as Kernel | undefined, files: (): Record<string, Uint8Array> => ({}) };

/** Every group was busy once, and long ago. */
function idle(): Stage {
  const stage = new Stage(silence, [], PARAMETERS);
  stage.durable(N1);
  stage.show((sink) => sink.healed?.(stage.time)).wait(stage.run.livenessBoundUs + SECOND);
  for (let id = 0; id < GROUPS; id++) stage.send(N1, N2, append(groupId(id), 1, 0, 0, [first(1)], 0, 0));
  return stage.wait(RAFT_DEFAULTS.restAfterUs + 2 * SECOND);
}
const beat = (stage: Stage, groups: number, round = 0): Stage => {
  for (let id = 0; id < groups; id++) stage.send(N1, N2, append(groupId(id), 1, 1, 1, [], 1, round));
  return stage;
};
const finished = (stage: Stage, nodes = [node]): Stage => stage.show((sink) => sink.finished?.({ now: stage.time, nodes }));

describe('silence', () => {
  test('is kept by groups that nobody asks', () => {
    expect(finished(idle()).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(finished(beat(idle(), 2)).violations).toEqual([]);
  });

  test('is broken by heartbeats for nothing', () => {
    expect(finished(beat(idle(), 3)).violations[0]?.message).toBe('of 8 groups that nobody asked anything for 2800000 us, 3 did not rest');
  });

  test('is not asked of a group that confirms a read, of one with other members, or with a member that is gone', () => {
    expect(finished(beat(idle(), 8, 1)).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
    const moved = idle().show((sink) => sink.fact?.(N1, { kind: 'configured', group: groupId(0), index: 2, term: 1, configuration: founding([N1, N2]) }, 0, 0));
    const gone = idle().show((sink) => sink.damaged?.(N3, 0, true));
    for (const stage of [moved, gone]) expect(finished(beat(stage, 8)).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
    expect(finished(beat(idle(), 8), []).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });
});
