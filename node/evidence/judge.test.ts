// A simulated run is judged twice: while it happens, and from the journals that its nodes leave and what its clients recorded.
// Then with something changed in what was left.

import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProposalId } from '../../kernel/base/ids.ts';
import { makeProposal, makeRecord } from '../../kernel/decide/record.ts';
import type { Answer } from '../../kernel/effect.ts';
import { SECOND, type Micros } from '../../kernel/base/time.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { Evidence, Invocation } from '../../io/sim/evidence.ts';
import { properties } from '../../properties/all.ts';
import { execute, resolve } from '../../scenarios/run.ts';
import type { PropertyResult } from '../../scenarios/scenario.ts';
import { Figures, type RunFigures } from '../../scenarios/figures.ts';
import { dumpWorld } from '../dump.ts';
import { kernelHash } from '../kernel-hash.ts';
import { CollectedJournals } from './collected.ts';
import { judge, type Judged } from './judge.ts';
import type { Recorded } from './telling.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-judge-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Simulated calendars are off by up to two seconds: clients record everything earlier than any node. */
const EARLIER: Micros = 5 * SECOND;

interface Left {
  readonly directories: readonly string[];
  readonly parameters: Parameters;
  readonly began: Micros;
  readonly history: Recorded[];
  readonly during: readonly PropertyResult[];
  readonly figures: RunFigures;
}

type Returned = (invocation: Invocation, answer: Answer) => Answer;

/** Six seconds with crashes and cuts. `told`: what clients say that they were told. */
function leftBehind(name: string, told: Returned = (_, answer) => answer): Left {
  const drawn = resolve(11, { scenario: 'contested-need', forUs: 6 * SECOND, faults: ['kill', 'partition'] });
  const run = { ...drawn, snapshotEvery: 1_000_000 };
  const happened: { readonly at: Micros; readonly tell: Recorded['tell'] }[] = [];
  const figures = new Figures();
  const listener: Evidence = {
    invoked: (invocation) => void happened.push({ at: invocation.invokedAt, tell: (one) => one.invoked?.(invocation) }),
    returned: (invocation, answer, now) => {
      const said = told(invocation, answer);
      happened.push({ at: now, tell: (one) => one.returned?.(invocation, said, now) });
    },
    faultBegan: (kind, nodes, at) => void happened.push({ at, tell: (one, now) => one.faultBegan?.(kind, nodes, now) }),
    faultEnded: (kind, nodes, at) => void happened.push({ at, tell: (one, now) => one.faultEnded?.(kind, nodes, now) }),
  };
  const { result, world } = execute(run, properties, { checked: false, kernelVersion: kernelHash(), listeners: [listener, figures] });
  dumpWorld(join(root, name), world.view());
  const directories = readdirSync(join(root, name)).toSorted().map((node) => join(root, name, node));
  const first = new CollectedJournals(directories).events().next().value;
  const began = (first === undefined ? 0 : first.event.wall) - EARLIER;
  const history = happened.map(({ at, tell }) => ({ wall: began + at - EARLIER, tell }));
  return { directories, parameters: world.parameters, began: began - EARLIER, history, during: result.properties, figures: figures.sum() };
}

function judged(left: Left, listeners: readonly Evidence[] = []): Judged {
  const { directories, parameters, began, history } = left;
  return judge({ directories, parameters, recorded: history, began, watched: new Map(), listeners });
}

const of = (results: readonly PropertyResult[], id: string): PropertyResult => results.find((result) => result.id === id) as PropertyResult;
const violated = (results: readonly PropertyResult[]): string[] => results.filter((result) => result.verdict === 'violated').map((result) => result.id);

let left: Left;
beforeAll(() => {
  left = leftBehind('whole');
}, 60_000);

describe('judging what was left behind', () => {
  test('comes to the verdicts that were reached while it happened', () => {
    const after = judged(left).properties;
    for (const id of ['P1', 'P2', 'election-safety', 'log-matching', 'leader-completeness', 'state-machine-safety', 'exactly-once', 'linearizability', 'incarnations', 'facts', 'monotonic-time']) {
      expect([id, of(after, id).verdict]).toEqual([id, of(left.during, id).verdict]);
    }
    expect(violated(after)).toEqual([]);
  });

  test('finds the same leaders and candidates in the journals as there were on the wire', () => {
    const figures = new Figures();
    judged(left, [figures]);
    const { elections, leaderChanges, ok, p95Us } = figures.sum();
    expect({ elections, leaderChanges, ok, p95Us }).toEqual({ elections: left.figures.elections, leaderChanges: left.figures.leaderChanges, ok: left.figures.ok, p95Us: left.figures.p95Us });
  });

  test('tells every event once, and none before what caused it', () => {
    const journals = new CollectedJournals(left.directories);
    const places = new Map<number, number>();
    let early = 0;
    for (const { node, event } of journals.events()) {
      expect(event.sequence).toBe((places.get(node) ?? 0) + 1);
      places.set(node, event.sequence);
      if (event.cause.kind === 'message' && (places.get(event.cause.from) ?? 0) < event.cause.sent) early++;
    }
    expect(early).toBe(0);
    expect(journals.missing).toEqual([]);
    expect(journals.ends().map(({ events }) => events)).toEqual(journals.ends().map(({ node }) => places.get(node)));
  });

  test('finds a client that was told another proposal than all the others', () => {
    let lies = 0;
    const lied = leftBehind('lied', (_, answer) => {
      if (answer.kind !== 'lost' || lies++ > 0) return answer;
      const { need, bucket, decider, kPlan, wall } = answer.record.proposal;
      return { kind: 'lost', record: makeRecord(makeProposal(need, bucket, 'nobody-proposed-this' as ProposalId, decider, kPlan, wall), answer.record.lamport) };
    });
    expect(lies).toBeGreaterThan(0);
    expect(violated(judged(lied).properties)).toContain('linearizability');
  });

  test('finds a journal whose end is gone: others have heard what it does not hold', () => {
    const cut = leftBehind('cut');
    const directory = cut.directories[1] as string;
    rmSync(join(directory, 'watermark'));
    const segment = join(directory, readdirSync(directory).filter((name) => name.startsWith('journal-')).toSorted().at(-1) as string);
    truncateSync(segment, Math.floor(statSync(segment).size / 2));
    const results = judged(cut).properties;
    expect(of(results, 'P2').verdict).toBe('violated');
    expect(of(results, 'P2').violation?.message).toMatch(/heard at event|does not refold/);
  });

  test('believes a monitor that cried out', () => {
    const { directories, parameters, began, history } = left;
    const watched = new Map([['barrier', { checks: 7, violated: 'a frame left early' }], ['fresh-effects', { checks: 3 }]]);
    const results = judge({ directories, parameters, recorded: history, began, watched, listeners: [] }).properties;
    expect(of(results, 'barrier')).toMatchObject({ verdict: 'violated', checks: 7 });
    expect(of(results, 'fresh-effects')).toMatchObject({ verdict: 'held', checks: 3 });
  });
});
