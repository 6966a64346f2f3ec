// `sim --report`: the timeline of a run holds what crossed its ports, and the page holds the timeline.

import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { Kernel } from '../kernel/kernel.ts';
import { Recording } from '../io/sim/recording.ts';
import { pageScript, renderPage } from '../reports/page-file.ts';
import { SAMPLE } from '../reports/sample.ts';
import { CAUSES, EFFECTS, FATES, FIELDS, ROLES, type CausalPath, type Timeline } from '../reports/timeline/timeline.ts';
import { timelineOfRun } from './record-run.ts';
import { reportOf } from './run-outcome.ts';
import type { RunRequest } from './run-request.ts';
import { executeRun, resolveRun, type Executed } from './simulate.ts';
import { SimulatorThread } from './simulator-thread.ts';
import { HOSTILE, hostilePage } from './testing/hostile-page.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const requestOf = (seed: number, seconds: number, faults: 'default' | 'all' | 'none' | readonly string[], scenario = 'steady-decides'): RunRequest =>
  ({ seed, options: { scenario, forUs: seconds * 1_000_000, faults }, checked: false, realCrypto: false });
const MODE = { options: {}, checked: false, realCrypto: false, json: true };
const MANY = 1_000_000;
const SEEDS = 20;

interface Recorded extends Executed {
  readonly recording: Recording;
  readonly timeline: Timeline;
}

function recorded(request: RunRequest, most: number = MANY): Recorded {
  const runFile = resolveRun(request);
  const recording = new Recording(most);
  const executed = executeRun(request, runFile, undefined, [recording]);
  return { ...executed, recording, timeline: timelineOfRun(recording, runFile, executed.outcome.result) };
}

interface Failing {
  readonly timeline: Timeline;
  readonly path: CausalPath;
  readonly page: string;
}

/** The first seed with which this property finds the planted bug, on a thread of its own. */
async function failing(mutant: string, property: string, seconds: number, scenario: string): Promise<Failing> {
  const thread = new SimulatorThread(mutant);
  try {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const report = await thread.perform({ kind: 'one', request: requestOf(seed, seconds, 'default', scenario), timeline: true });
      if (report.kind !== 'ran' || report.timeline === undefined) throw new Error('a run with a timeline was asked for');
      const path = report.timeline.paths.find((one) => one.property === property);
      if (path !== undefined) return { timeline: report.timeline, path, page: renderPage(reportOf(report.outcome, { ...MODE, mutant }), report.timeline) };
    }
    throw new Error(`no seed up to ${SEEDS} finds ${mutant}`);
  } finally {
    await thread.end();
  }
}

const words = (timeline: Timeline, message: number): string => {
  const row = timeline.messages[message];
  return row === undefined ? '' : `${timeline.kinds[row[0]]}: ${timeline.texts[row[2]]}`;
};

const heardBy = (timeline: Timeline, step: number): string => (CAUSES[timeline.steps.cause[step] as number] === 'message' ? words(timeline, timeline.steps.about[step] as number) : '');

/** `[to, message]` of everything the step says. */
const saidBy = (timeline: Timeline, step: number): (readonly [number, string])[] =>
  (timeline.steps.effects[step] ?? []).flatMap(([kind, to, message]) => (EFFECTS[kind] === 'send' ? [[to, words(timeline, message)] as const] : []));

describe('the timeline of a run with every kind of lost and doubled message', () => {
  const request = requestOf(11, 6, ['partition', 'one-way', 'drop', 'duplicate', 'corrupt', 'reorder', 'kill', 'pause', 'disk-torn']);
  let run: Recorded;
  let line: Timeline;
  beforeAll(() => {
    run = recorded(request);
    line = run.timeline;
  });

  test('has an arrow for each frame, each copy, and each loss that the world counted', () => {
    const { messages } = run.outcome.result;
    for (const count of [messages.dropped, messages.duplicated, messages.corrupted]) expect(count, 'the run exercises it').toBeGreaterThan(0);
    const count = (holds: (fate: string, copy: number) => boolean): number => line.arrows.fate.filter((fate, arrow) => holds(FATES[fate] as string, line.arrows.copy[arrow] as number)).length;
    expect(count((_, copy) => copy === 0)).toBe(messages.sent);
    expect(count((_, copy) => copy === 1)).toBe(messages.duplicated);
    expect(count((fate) => fate === 'delivered')).toBe(messages.delivered);
    expect(count((fate) => fate !== 'delivered' && fate !== 'under way')).toBe(messages.dropped);
    expect(count((fate) => fate === 'corrupted')).toBe(messages.corrupted);
    expect(count((fate) => fate === 'under way')).toBe(messages.sent + messages.duplicated - messages.delivered - messages.dropped);
  });

  test('joins each message to the step that sent it and the step that heard it, in the order of time', () => {
    const { arrows, steps } = line;
    let joined = 0;
    steps.cause.forEach((cause, step) => {
      if (CAUSES[cause] !== 'message') return;
      const arrow = steps.source[step] as number;
      expect(arrow, 'every message came from somewhere').toBeGreaterThanOrEqual(0);
      const from = arrows.fromStep[arrow] as number;
      expect([arrows.toStep[arrow], arrows.to[arrow], arrows.message[arrow], steps.node[from]]).toEqual([step, steps.node[step], steps.about[step], arrows.from[arrow]]);
      expect(steps.out[from] as number).toBeLessThanOrEqual(arrows.sentAt[arrow] as number);
      expect(arrows.sentAt[arrow] as number).toBeLessThan(arrows.endAt[arrow] as number);
      expect(arrows.endAt[arrow] as number).toBeLessThanOrEqual(steps.out[step] as number);
      expect(saidBy(line, from)).toContainEqual([steps.node[step], words(line, steps.about[step] as number)]);
      joined++;
    });
    expect(joined).toBeGreaterThan(1_000);
  });

  test('puts the steps of each node in order, and none after it was durable', () => {
    const last: number[] = [];
    line.steps.at.forEach((at, step) => {
      const node = line.steps.node[step] as number;
      expect(at).toBeGreaterThanOrEqual(last[node] ?? 0);
      expect(at).toBeLessThanOrEqual(line.steps.out[step] as number);
      last[node] = at;
    });
    expect(line.steps.node.length).toBe(run.recording.steps);
  });

  test('ends with the state that the nodes really had', () => {
    const state: number[][] = [];
    line.steps.changes.forEach((changes, step) => {
      expect(changes, 'every state is known').not.toBeNull();
      const of = (state[line.steps.node[step] as number] ??= []);
      for (let i = 0; i < (changes?.length ?? 0); i += 2) of[changes?.[i] as number] = changes?.[i + 1] as number;
    });
    let compared = 0;
    for (const node of run.world.view().nodes) {
      const steps = line.steps.node.flatMap((one, step) => (one === node.id ? [step] : []));
      // What is not durable is in the node and not in the timeline.
      if (node.kernel === undefined || line.steps.sequence[steps.at(-1) as number] !== node.kernel.sequence) continue;
      const of = state[node.id] as number[];
      for (const group of node.kernel.groups) {
        const at = line.groups.indexOf(group.group) * FIELDS.length;
        expect(FIELDS.slice(0, 8).map((_, field) => of[at + field] ?? 0)).toEqual([ROLES.indexOf(group.role), group.term, group.leader, voteOf(node.kernel, group.group), group.commit, group.applied, group.firstIndex, group.lastIndex]);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(3);
  });

  test('has an operation for each that was invoked, and its answer', () => {
    const { operations } = run.outcome.result;
    expect(line.operations.client.length).toBe(operations.invoked);
    const unknown = line.operations.answer.filter((answer) => (line.texts[answer] ?? '').startsWith('unknown')).length;
    expect(unknown).toBe(operations.unknown);
    line.operations.replyStep.forEach((step, one) => {
      if (step >= 0) expect(line.steps.node[step]).toBe(line.operations.node[one]);
    });
  });

  test('has each fault from its beginning to its end', () => {
    const planned = resolveRun(request).faults;
    expect(line.faults.map(([kind, , from]) => `${line.texts[kind]} ${from + line.fromUs}`).toSorted()).toEqual(planned.map(({ kind, from }) => `${kind} ${from}`).toSorted());
    for (const [, , from, until] of line.faults) expect(until).toBeGreaterThanOrEqual(from);
  });

  test('is not noticed by the run', () => {
    expect(executeRun(request, resolveRun(request)).outcome.result).toEqual(run.outcome.result);
  });
});

describe('a window', () => {
  const request = requestOf(11, 6, ['drop', 'kill', 'pause', 'disk-torn', 'disk-lost', 'old-backup']);
  const whole = recorded(request).timeline;

  test('is the end of the whole, with the state in which it begins', () => {
    const { timeline: part, recording } = recorded(request, 800);
    expect([...recording.unfold()].length, 'no more is kept than the steps and what happened meanwhile').toBeLessThan(5_000);
    expect(part.steps.node.length).toBeLessThanOrEqual(800);
    expect(part.steps.node.length).toBeGreaterThan(700);
    expect(part.stepsOfRun).toBe(whole.steps.node.length);
    const key = (line: Timeline, step: number): string => JSON.stringify([line.steps.node[step], line.steps.sequence[step], heardBy(line, step), saidBy(line, step)]);
    const shift = whole.steps.node.length - part.steps.node.length;
    part.steps.node.forEach((_, step) => expect(key(part, step)).toBe(key(whole, shift + step)));
    expect(finalState(part)).toEqual(finalState(whole));
  });

  test('of a long run stays below three megabytes, and says what it leaves out', () => {
    const long = requestOf(4, 25, ['drop', 'kill']);
    const { outcome, timeline } = recorded(long, 24_000);
    const page = renderPage(reportOf(outcome, MODE), timeline);
    expect(outcome.result.steps).toBeGreaterThan(24_000);
    expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
    expect(timeline.steps.node.length).toBeGreaterThan(10_000);
    expect(/<p id="window">(.*)<\/p>/.exec(page)?.[1]).toMatch(/^the last [\d,]+ of [\d,]+ steps: [\d.]+ s to [\d.]+ s; what came before is not in this file$/);
  });

  test('of ten thousand events is whole, and far below three megabytes', () => {
    const { outcome, timeline } = recorded(requestOf(5, 4, 'all'), 24_000);
    expect(outcome.result.events).toBeGreaterThan(10_000);
    const page = renderPage(reportOf(outcome, MODE), timeline);
    expect(/<p id="window">(.*)<\/p>/.exec(page)?.[1]).toMatch(/^the whole run/);
    expect(Buffer.byteLength(page)).toBeLessThan(1_500_000);
  });
});

describe('what led to a violation', () => {
  test('of a vote given twice: both candidates, both votes, and the vote changes hands', async () => {
    const { timeline, path } = await failing('raft/votes-twice', 'election-safety', 30, 'leader-cut-off');
    const voter = timeline.steps.node[path.step] as number;
    const term = /in (term \d+)$/.exec(heardBy(timeline, path.step).split(',')[0] as string)?.[1] as string;
    const said = path.steps.filter((step) => timeline.steps.node[step] === voter).flatMap((step) => saidBy(timeline, step));
    // Who asks for votes votes for itself.
    const votedFor = new Set(said.flatMap(([to, text]) => (text === `voteReply: granted in ${term}` ? [to] : text.startsWith(`vote: asked in ${term},`) ? [voter] : [])));
    expect(votedFor.size).toBe(2);
    for (const candidate of votedFor) expect(path.steps.some((step) => timeline.steps.node[step] === candidate && saidBy(timeline, step).some(([, text]) => text.startsWith(`vote: asked in ${term},`)))).toBe(true);
    expect((timeline.steps.changes[path.step] ?? []).some((slot, i) => i % 2 === 0 && FIELDS[slot % FIELDS.length] === 'vote')).toBe(true);
    for (const arrow of path.arrows) expect([path.steps.includes(timeline.arrows.fromStep[arrow] as number), path.steps.includes(timeline.arrows.toStep[arrow] as number)]).toEqual([true, true]);
  });

  test('of two decisions for one need: the clients that proposed them, and nothing about other needs', async () => {
    const { timeline, path } = await failing('decide/last-proposal-wins', 'P1', 8, 'contested-need');
    const asked = path.steps.filter((step) => CAUSES[timeline.steps.cause[step] as number] === 'request').map((step) => timeline.texts[timeline.steps.about[step] as number] as string);
    const need = /need (\S+)/.exec(path.about)?.[1] as string;
    expect(new Set(asked.filter((text) => text.startsWith(`decide ${need} = `))).size).toBeGreaterThanOrEqual(2);
    expect(asked.every((text) => text.includes(need))).toBe(true);
  });

  test('of a message that left too early: the message itself, for no journal holds its step', async () => {
    const { timeline, path } = await failing('raft/vote-before-durable', 'barrier', 8, 'steady-decides');
    expect([path.step, path.steps]).toEqual([-1, []]);
    expect(words(timeline, timeline.arrows.message[path.arrow] as number)).toMatch(/^voteReply: .*granted/);
    expect(timeline.arrows.fromStep[path.arrow]).toBe(-1);
  });
});

describe('the page', () => {
  test('is the same, byte for byte, whenever and wherever the run is repeated', async () => {
    const again = (): Promise<Failing> => failing('decide/last-proposal-wins', 'P1', 8, 'contested-need');
    const [first, second] = [await again(), await again()];
    expect(first.page === second.page).toBe(true);
  });

  test('is one script without imports, allowed by its hash, and asks nobody for anything', () => {
    const script = pageScript();
    expect(() => new Function(script)).not.toThrow();
    expect(/^\s*(import|export)\b.*/m.exec(script)?.[0]).toBeUndefined();
    const page = renderPage(SAMPLE, recorded(requestOf(1, 1, 'none')).timeline);
    expect(/Content-Security-Policy" content="(.*)"/.exec(page)?.[1]).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/]+=*'; style-src 'unsafe-inline'$/);
    expect(/https?:|src=|url\(|@import/.exec(page.replace(/<script type="application\/json"[^]*?<\/script>/, ''))?.[0]).toBeUndefined();
  });

  test('shows hostile names as text and as nothing else', () => {
    const page = hostilePage();
    expect(page.match(/<\/script/gi)?.length).toBe(2);
    expect(/<img|<!--/i.test(page)).toBe(false);
    const data = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(page)?.[1] as string;
    const { run, timeline } = JSON.parse(data) as { run: typeof SAMPLE; timeline: Timeline };
    expect(timeline.needs).toContain(HOSTILE);
    expect(run.properties[1]?.violation?.message).toContain(HOSTILE);
  });
});

/** The vote as the node's own image has it. */
function voteOf(kernel: Kernel, group: number): number {
  const image = kernel.image();
  const ids = image.parameters.groups.map(({ id }) => id as number).toSorted((a, b) => a - b);
  return image.groups[ids.indexOf(group)]?.vote ?? 0;
}

function finalState(line: Timeline): unknown {
  return Array.from({ length: line.nodes }, (_, place) => {
    const state = new Map<string, number>();
    const apply = (changes: readonly number[]): void => {
      for (let i = 0; i < changes.length; i += 2) state.set(`${line.groups[Math.floor((changes[i] as number) / FIELDS.length)]} ${FIELDS[(changes[i] as number) % FIELDS.length]}`, changes[i + 1] as number);
    };
    apply(line.start[place]?.fields ?? []);
    line.steps.changes.forEach((changes, step) => {
      if (line.steps.node[step] === place + 1) apply(changes ?? []);
    });
    return [...state].filter(([, value]) => value !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
  });
}

