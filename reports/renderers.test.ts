import { expect, test } from 'vitest';
import { renderJunit } from './junit.ts';
import { paintFor } from './paint.ts';
import { exitCodeOf } from './run-report.ts';
import { SAMPLE, SAMPLE_FILE } from './sample.ts';
import { renderShrunk } from './shrink-report.ts';
import { renderWhy } from './why-report.ts';
import { failureOf, SweepTally, type SweepReport } from './sweep-report.ts';
import { renderPlan, renderRun } from './terminal.ts';
import { renderSweep } from './terminal-sweep.ts';

const plain = paintFor(false, {});

test('what was resolved is printed before the run', () => {
  expect(renderPlan({ version: '1.2.3', kernel: 'ab'.repeat(32), seed: 42, scenario: 'steady-decides', about: 'five nodes decide', mode: ['checked'], runFile: SAMPLE_FILE }, plain)).toBe(
    `seed 42  steady-decides  lockstep 1.2.3, kernel abababababab
five nodes decide
mode        checked
topology    5 nodes, 2 groups of 5 voters; message 100 us to 500 us, fsync 90 us to 400 us; parent chain
workload    100 decides/s and 15 reads/s from 40 clients, 10 % of needs contested by 5 proposals; time-out 8.00 s, 90 % retried
time        1 m 00 s; anything goes until 50.0 s, then it must heal and make progress
faults      1 episode of 1 kind
            kill               1.00 s - 2.50 s    node 2 at beforeSync`,
  );
});

test('a failed run says what was violated, when, by whom, the evidence, and the command, last', () => {
  expect(renderRun(SAMPLE, plain)).toBe(
    `operations  7,000 invoked: 6,900 ok, 60 failed, 40 unknown; 115/s acknowledged (floor 20/s)
messages    90,000 sent: 88,000 delivered, 2,000 dropped, 10 duplicated, 0 corrupted
faults      kill 3, drop 1,997

verdict   property     checks  claim (checks count decisive evidence only)
held      P1            1,234  At most one proposal is decided
VIOLATED  P2                5  A journal refolds to the same state
not ex.   liveness          -  Every client is served

time        1 m 00 s simulated in 120 ms: 500x real time; 240,000 events, 2.00 M/s
marks       2 of 3 rare places reached; not c
digest      0123456789abcdef

P2 is violated: A journal refolds to the same state
  node 3 refolded "x" <otherwise> & differently
  at 31.000007 s, nodes 3, 4, step 812 of node 3
  | durable: aa
  | refolded: bb
again       npm run sim -- --seed 42 --scenario steady-decides`,
  );
});

test('a smaller run says how much smaller it is, all that is left of it, and where it is', () => {
  const run = { ...SAMPLE_FILE, operations: [{ at: 1_500_000, client: 3, node: 2, kind: 'decide' as const, need: '0/n1', proposal: 'p2', kPlan: 1 }] };
  const report = {
    faults: 1, operations: 1, nodes: 5, before: { faults: 17, operations: 1_000, nodes: 5 }, removed: 0.998, property: 'P2', signature: 'P2: node # refolded "…"', message: 'node 3 refolded "x" differently',
    atUs: 2_000_001, digest: 'ab', trials: 120, wallMs: 1_500, complete: false, verified: true, replay: 'npm run sim -- --run small.json',
  };
  expect(renderShrunk(report, run, 'small.json', plain)).toBe(
    `shrunk      17 faults, 1,000 operations, 5 nodes to 1 fault, 1 operation, 5 nodes: 99.8 % removed in 120 trials, 1.50 s; the search was ended before nothing more could go
topology    5 nodes, 2 groups of 5 voters; seed 42 for what is left to chance
faults      1 episode of 1 kind
            kill               1.00 s - 2.50 s    node 2 at beforeSync
operations  1.50 s    client 3 asks node 2: decide 0/n1 for p2
fails       node 3 refolded "x" differently
            P2 at 2.000001 s
saved       small.json: executed from there, it fails alike
again       npm run sim -- --run small.json`,
  );
});

test('why a run failed is a bar for each moment, and the entry where it jumps', () => {
  const at = (atUs: number, entry: number, samples: number, failed: number) => ({ atUs, entry, samples, failed, likelihood: failed / samples });
  const report = {
    property: 'P2', signature: 'P2: …', failedAtUs: 2_000_000, sameness: 'said alike' as const, samples: 24, runs: 60, wallMs: 2_000,
    moments: [at(0, 0, 12, 0), at(1_000_000, 500, 12, 3), at(1_500_000, 700, 24, 6), at(1_500_010, 701, 24, 24), at(2_000_000, 900, 1, 1)],
    inevitable: { atUs: 1_500_010, entry: 701, before: 0.25, after: 1, event: 'node 2 crashes (beforeSync)', seen: ['node 2 crashes (beforeSync)', 'node 2 sends vote to node 1'], within: 1 },
  };
  expect(renderWhy(report, plain)).toBe(
    `why         how likely P2 is violated in the same words at about 2.000000 s, if chance is drawn anew from a moment on
     0.00 s ········································   0 %  0 of 12
     1.00 s ██████████······························  25 %  3 of 12
     1.50 s ██████████······························  25 %  6 of 24
     1.50 s ████████████████████████████████████████ 100 %  24 of 24
     2.00 s ████████████████████████████████████████ 100 %  1 of 1
inevitable  from 1.500010 s on, with entry 701 of the run: 25 % before it, 100 % after
            node 2 crashes (beforeSync)
            | node 2 sends vote to node 1
            60 runs in 2.00 s, at most 24 from each moment`,
  );
});

test('JUnit has a case for each property, and escapes what it quotes', () => {
  const xml = renderJunit([SAMPLE]);
  expect(xml).toContain('<testsuite name="steady-decides seed 42" tests="3" failures="1" errors="0" skipped="1" time="0.120">');
  expect(xml).toContain('<failure type="safety" message="node 3 refolded &quot;x&quot; &lt;otherwise&gt; &amp; differently">at 31000007 us\ndurable: aa\nrefolded: bb</failure>');
  expect(xml).toContain('<skipped message="not exercised: no decisive evidence"/>');
  expect(xml).toContain('<property name="digest" value="0123456789abcdef"/>');
});

test('colours need a terminal, and NO_COLOR forbids them', () => {
  expect(paintFor(true, {}).red('x')).toContain('\u001b[');
  expect(paintFor(true, { NO_COLOR: '1' }).red('x')).toBe('x');
  expect(paintFor(true, { TERM: 'dumb' }).red('x')).toBe('x');
  expect(paintFor(false, {}).red('x')).toBe('x');
  expect(paintFor(false, { FORCE_COLOR: '1' }).red('x')).toContain('\u001b[');
});

test('safety outranks liveness in the exit code', () => {
  const [held, safety, live] = SAMPLE.properties as [never, never, (typeof SAMPLE.properties)[number]];
  const late = { ...live, verdict: 'violated' as const };
  expect([exitCodeOf([held]), exitCodeOf([held, safety, late]), exitCodeOf([held, late]), exitCodeOf([live])]).toEqual([0, 1, 3, 0]);
});

test('a tally adds up runs, and knows what no run reached', () => {
  const tally = new SweepTally();
  tally.add(SAMPLE);
  tally.add({ ...SAMPLE, seed: 41, marks: { hit: ['c'], missed: ['a', 'd'] }, properties: SAMPLE.properties.filter((property) => property.id !== 'P2') });
  const sums = tally.sums();
  expect(sums).toMatchObject({ runs: 2, events: 480_000, simulatedUs: 120_000_000, operations: { invoked: 14_000, ok: 13_800 }, faults: { kill: 6 } });
  expect(sums.marks).toEqual({ hit: ['a', 'b', 'c'], missed: ['d'] });
  expect(sums.properties.map(({ id, runsExercised, checks }) => [id, runsExercised, checks])).toEqual([['P1', 2, 2_468], ['P2', 1, 5], ['liveness', 0, 0]]);
  expect(sums.failed).toEqual([failureOf(SAMPLE)]);
});

test('a run that broke a property and threw shows both', () => {
  const text = renderRun({ ...SAMPLE, broke: { message: 'two is three', node: 2, atUs: 5, stack: 'Error\n  at here' } }, paintFor(false, {}));
  expect(text).toMatch(/P2 is violated: [^]*Our own code threw on node 2 at 0\.000005 s: two is three\n {2}at here\nThis is a bug of ours: please report it, .*\nagain /);
});

test('a sweep that did not execute every run says how far it came, and why it ended', () => {
  const tally = new SweepTally();
  tally.add({ ...SAMPLE, marks: { hit: [], missed: Array.from({ length: 11 }, (_, i) => `m${i}`) } });
  const base = { version: '1', kernel: 'k', scenario: 'all', seeds: { from: 1, to: 5 }, planned: 5, wallMs: 1_000, jobs: 1, repeated: { runs: 0, checkedRuns: 0, disagreements: [] }, neverExercised: [], neverHit: [], stopped: false, ...tally.sums() };
  const last = (change: Partial<SweepReport>): string | undefined => renderSweep({ ...base, ...change }, plain).split('\n').at(-1);
  expect(last({ planned: 1 })).toBe('1 run of 1 failed.');
  expect(last({})).toBe('Ended with the first failure after 1 of 5 runs.');
  expect(last({ stopped: true, failed: [] })).toBe('Stopped after 1 of 5 runs.');
  expect(renderSweep(base, plain)).toMatch(/never: (m\d+, ){8}and 3 more \(--json names all\)/);
});

test('what broke is a failure even if every property held', () => {
  const broke = { message: 'event 17 failed', node: 2, atUs: 5, stack: '' };
  const calm = { ...SAMPLE, properties: SAMPLE.properties.slice(0, 1) };
  expect(failureOf(calm)).toBeUndefined();
  expect(failureOf({ ...calm, broke })).toMatchObject({ kind: 'broke', signature: 'our own code threw: event # failed' });
});
