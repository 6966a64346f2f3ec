// A small run with one property of each verdict, for the tests of the renderers.

import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../kernel/parameters.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import type { RunReport } from './run-report.ts';

export const SAMPLE: RunReport = {
  version: '1.2.3', kernel: 'ab'.repeat(32), seed: 42, scenario: 'steady-decides', nodes: 5, simulatedUs: 60_000_000, wallMs: 120, events: 240_000, steps: 100_000,
  operations: { invoked: 7_000, ok: 6_900, failed: 60, unknown: 40 },
  messages: { sent: 90_000, delivered: 88_000, dropped: 2_000, duplicated: 10, corrupted: 0 },
  faults: { kill: 3, drop: 1_997, pause: 0 },
  digest: '0123456789abcdef',
  properties: [
    { id: 'P1', claim: 'At most one proposal is decided', kind: 'safety', verdict: 'held', checks: 1_234 },
    {
      id: 'P2', claim: 'A journal refolds to the same state', kind: 'safety', verdict: 'violated', checks: 5,
      violation: { message: 'node 3 refolded "x" <otherwise> & differently', signature: 'P2: node # refolded "…" <otherwise> & differently', atUs: 31_000_007, nodes: [3, 4], step: 812, evidence: ['durable: aa', 'refolded: bb'] },
    },
    { id: 'liveness', claim: 'Every client is served', kind: 'liveness', verdict: 'not-exercised', checks: 0 },
  ],
  marks: { hit: ['a', 'b'], missed: ['c'] },
  goodput: { perSecond: 115, floor: 20 },
  replay: 'npm run sim -- --seed 42 --scenario steady-decides',
};

export const SAMPLE_FILE: RunFile = {
  version: 1, seed: 42, scenario: 'steady-decides', nodes: 5, groups: 2, votersPerGroup: 5, forUs: 60_000_000, healAt: 50_000_000,
  delayMinUs: 100, delayMaxUs: 500, syncMinUs: 90, syncMaxUs: 400, gpuPollUs: 0, followsParent: true, shadow: 1,
  raft: RAFT_DEFAULTS, decide: DECIDE_DEFAULTS, snapshotEvery: 400, inbox: { urgent: 64, messages: 64, requests: 64 },
  workload: { decidesPer1000s: 100_000, getsPer1000s: 15_000, clients: 40, contestedPerMille: 100, rivals: 5, strayPerMille: 2, retryPerMille: 900, hotPerMille: 0, freshPerMille: 0, timeoutUs: 8_000_000, goodputPer1000s: 20_000 },
  faults: [{ kind: 'kill', from: 1_000_000, until: 2_500_000, nodes: [2], strength: 1, point: 'beforeSync' }],
};
