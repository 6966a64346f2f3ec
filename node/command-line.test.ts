// The command line is a contract: exit codes, one clear sentence, and nothing changed on disk when the command was wrong.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// Processes are started here, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const program = fileURLToPath(new URL('lockstep.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lockstep-command-line-'));
const at = (name: string): string => join(folder, name);

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function lockstep(args: readonly string[], environment: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, CI: '', NO_COLOR: '1', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => void (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => void (err += chunk.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** One sentence on standard error, exit 2, nothing on standard output. */
async function refuses(args: readonly string[], says: string, environment?: Record<string, string>): Promise<void> {
  const before = readdirSync(folder).toSorted();
  const { code, out, err } = await lockstep(args, environment);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(says);
  expect(err.trim().split('\n'), 'one line').toHaveLength(1);
  expect(err).not.toMatch(/\bat .*:\d+:\d+|Error:/);
  expect(readdirSync(folder).toSorted(), 'nothing changed').toEqual(before);
}

const journals = (name: string): string[] => readdirSync(at(name)).filter((file) => file.startsWith('journal-')).toSorted();

const SHORT = ['sim', '--seed', '7', '--for', '5s'];

beforeAll(async () => {
  const saved = await lockstep([...SHORT, '--save', at('run.json'), '--dump', at('dump')]);
  expect(saved.code, saved.err).toBe(0);
  const run = JSON.parse(readFileSync(at('run.json'), 'utf8')) as Record<string, unknown>;
  const variant = (name: string, change: object): void => writeFileSync(at(name), JSON.stringify({ ...run, ...change }));
  variant('future.json', { version: 99 });
  variant('no-version.json', { version: undefined });
  variant('extra.json', { colour: 'blue' });
  variant('nodes.json', { nodes: 'five' });
  variant('scenario.json', { scenario: 'stedy-decides' });
  variant('fault.json', { faults: [{ kind: 'partitoin', from: 1, until: 2, nodes: [1], strength: 1 }] });
  variant('order.json', { delayMinUs: 500, delayMaxUs: 100 });
  writeFileSync(at('truncated.json'), readFileSync(at('run.json'), 'utf8').slice(0, 200));
  writeFileSync(at('list.json'), '[]');
  writeFileSync(at('large.json'), ' '.repeat(5_000_000));
  mkdirSync(at('empty'));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a wrong command gets one sentence and exit 2', () => {
  test.each<[string, string[], string]>([
    ['no verb', [], 'expected a verb'],
    ['an unknown verb', ['smi'], 'did you mean "sim"?'],
    ['an unknown flag', ['sim', '--sede', '3'], 'did you mean "--seed"?'],
    ['a flag without its value', ['sim', '--seed'], "option '--seed <n>' argument missing"],
    ['a word too many', ['sim', 'twice'], 'too many arguments'],
    ['a seed that is no number', ['sim', '--seed', 'x'], '--seed expects a whole number'],
    ['a range that is none', ['sim', '--seeds', '5'], '--seeds expects a range'],
    ['an unknown scenario', ['sim', '--seed', '1', '--scenario', 'stedy-decides'], 'did you mean "steady-decides"?'],
    ['an unknown fault', ['sim', '--seed', '1', '--faults', 'partitoin'], 'did you mean "partition"?'],
    ['an unknown property', ['sim', '--seed', '1', '--properties', 'linearisability'], 'did you mean "linearizability"?'],
    ['an unknown mutant', ['sim', '--seed', '1', '--mutant', 'stale-read'], 'did you mean "raft/stale-read"?'],
    ['an unknown benchmark', ['bench', 'sim/realtime'], 'did you mean "sim/realtime-5-nodes"?'],
    ['an unknown planted bug', ['mutants', 'raft/stal-read'], 'did you mean "raft/stale-read"?'],
    ['a duration that is none', ['sim', '--seed', '1', '--for', '10'], '--for expects a duration'],
    ['too many nodes', ['sim', '--seed', '1', '--nodes', '0'], '--nodes expects a whole number'],
    ['two things at once', ['sim', '--seed', '1', '--seeds', '1..2'], 'do not go together'],
    ['a seed and a run file', ['sim', '--seed', '1', '--run', at('run.json')], 'do not go together'],
    ['jobs without a sweep', ['sim', '--seed', '1', '--jobs', '2'], '--jobs goes with a sweep'],
    ['a folder that is not there', ['sim', '--seed', '1', '--save', at('no/run.json')], 'a folder that exists'],
    ['a dump over something', ['sim', '--seed', '1', '--dump', folder], 'is not empty'],
    ['an audit of nothing', ['audit'], "missing required argument 'dir'"],
    ['an audit of a directory that is not there', ['audit', at('nowhere')], 'no data directory'],
    ['an audit of one node twice', ['audit', at('dump'), at('dump/node-001')], 'are both of node 1'],
    ['kills that are no number', ['crash', '--kills', 'all'], '--kills expects a whole number'],
    ['kills in a directory with something in it', ['crash', '--seed', '1', '--data', folder], 'is not empty'],
    ['kills with an unknown planted bug', ['crash', '--seed', '1', '--mutant', 'loop/efect'], 'did you mean "loop/'],
    ['a world that is not small', ['explore', '--nodes', '9'], '--nodes expects a whole number from 2 to 5'],
    ['an exploration without time', ['explore', '--budget', '60'], '--budget expects a duration'],
    ['an exploration with an unknown planted bug', ['explore', '--mutant', 'raft/vote-twice'], 'did you mean "raft/votes-twice"?'],
    ['an exploration with a planted bug that is elsewhere', ['explore', '--mutant', 'raft/vote-before-durable'], 'which is no part of a small world'],
    ['an exploration with an unknown flag', ['explore', '--node', '3'], 'did you mean "--nodes"?'],
    ['an exploration with a word too many', ['explore', 'twice'], 'too many arguments'],
    ['a history that is not there', ['check', at('nowhere.edn'), '--model', 'kv'], 'no history at'],
    ['a history that is a folder', ['check', folder, '--model', 'kv'], 'found a directory'],
    ['a history without a model', ['check', at('run.json')], 'expected --model with one of: register, cas-register, kv, decide'],
    ['a history with an unknown model', ['check', at('run.json'), '--model', 'cas'], 'did you mean "cas-register"?'],
    ['a history that is none', ['check', at('run.json'), '--model', 'kv'], 'line 2 of'],
    ['a time for the search that is none', ['check', at('run.json'), '--model', 'kv', '--for', 'long'], '--for expects a duration'],
    ['a later verb', ['doctor'], 'not in this version'],
    ['a later verb with flags', ['policy', 'policy.rego', '--engine', 'x'], 'not in this version'],
    ['a report in a folder that is not there', ['sim', '--seed', '1', '--report', at('no/run.html')], '--report expects a file in a folder that exists'],
    ['a report over a folder', ['sim', '--seed', '1', '--report', folder], 'is a folder'],
    ['a report that may not be written', ['sim', '--seed', '1', '--report', '/proc/run.html'], 'cannot be written'],
    ['a report of a sweep', ['sim', '--seeds', '1..2', '--report', at('x.html')], 'do not go together'],
    ['known failures of one run', ['sim', '--seed', '1', '--known', at('run.json')], '--known goes with a sweep'],
    ['known failures that are none', ['sim', '--seeds', '1..2', '--known', at('run.json')], 'is no list'],
    ['shrinking a sweep', ['sim', '--seeds', '1..2', '--shrink'], '--seeds and --shrink do not go together'],
    ['asking a sweep why', ['sim', '--seed', '1', '--scenario', 'all', '--why'], '--scenario all and --why do not go together'],
    ['a budget for nothing', ['sim', '--seed', '1', '--budget', '5s'], '--budget goes with --shrink or --why'],
    ['a budget that is no duration', ['sim', '--seed', '1', '--shrink', '--budget', '5'], '--budget expects a duration'],
    ['samples of nothing', ['sim', '--seed', '1', '--samples', '9'], '--samples goes with --why'],
    ['too few samples', ['sim', '--seed', '1', '--why', '--samples', '1'], '--samples expects a whole number from 4'],
    ['a smaller run for a folder that is not there', ['sim', '--seed', '1', '--shrink', '--save', at('no/run.json')], 'a folder that exists'],
    ['drawn slips that are shrunk', ['mutants', '--operators', '3', '--shrink'], '--operators and --shrink do not go together'],
    ['culprits that are shrunk', ['mutants', '--why', '--shrink'], '--why and --shrink do not go together'],
    ['the culprit of a bug that cannot be switched off', ['mutants', '--why', 'raft/stal-read'], 'did you mean "raft/stale-read"?'],
    ['continuations of nothing', ['mutants', 'raft/votes-twice', '--samples', '12'], '--samples goes with --why'],
    ['a budget for planted bugs that are not shrunk', ['mutants', 'raft/votes-twice', '--budget', '5s'], '--budget goes with --shrink'],
    ['keys without an action', ['keys'], 'lockstep keys generate FILE'],
    ['keys with an unknown action', ['keys', 'genrate', 'x'], 'did you mean "generate"?'],
    ['no directory to replay', ['replay'], "missing required argument 'dir'"],
    ['a directory that is not there', ['replay', at('nowhere')], 'no data directory'],
    ['a directory without a journal', ['replay', at('empty')], 'no journal in'],
    ['a file instead of a directory', ['replay', at('run.json')], 'found a file'],
    ['a step that is no number', ['replay', at('dump'), '--until', 'end'], '--until expects a whole number'],
    ['a step before the beginning', ['replay', at('dump/node-001'), '--until', '1'], 'begins with event'],
    ['a step after the end', ['replay', at('dump/node-001'), '--until', '999999'], 'ends with event'],
    ['a run file that is not there', ['sim', '--run', at('nowhere.json')], 'no run file'],
    ['a run file that is a folder', ['sim', '--run', folder], 'no file'],
    ['a truncated run file', ['sim', '--run', at('truncated.json')], 'is not JSON'],
    ['an oversized run file', ['sim', '--run', at('large.json')], 'at most'],
    ['a run file of a later version', ['sim', '--run', at('future.json')], 'is of version 99'],
    ['a run file without a version', ['sim', '--run', at('no-version.json')], 'expected "version": 2'],
    ['a run file that is a list', ['sim', '--run', at('list.json')], 'expected a record'],
    ['a run file with an unknown field', ['sim', '--run', at('extra.json')], '"colour"'],
    ['a run file with a text for a number', ['sim', '--run', at('nodes.json')], '"nodes", found "five"'],
    ['a run file with an unknown scenario', ['sim', '--run', at('scenario.json')], 'did you mean "steady-decides"?'],
    ['a run file with an unknown fault', ['sim', '--run', at('fault.json')], 'did you mean "partition"?'],
    ['a run file whose numbers contradict each other', ['sim', '--run', at('order.json')], '"delayMinUs" (500) to be at most'],
  ])('%s', async (_what, args, says) => refuses(args, says));

  test('no seed in CI', () => refuses(['sim'], 'in CI a run needs a seed', { CI: 'true' }));
});

describe('a run', () => {
  test('prints one JSON document and nothing else', async () => {
    const { code, out, err } = await lockstep([...SHORT, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const report = JSON.parse(out) as Record<string, unknown>;
    for (const key of ['version', 'kernel', 'seed', 'scenario', 'nodes', 'simulatedUs', 'wallMs', 'events', 'operations', 'messages', 'faults', 'digest', 'properties', 'marks', 'replay']) expect(report).toHaveProperty(key);
    expect(report['seed']).toBe(7);
    expect(report['kernel']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('prints seed and options first, and the command to see it again last', async () => {
    const { code, out, err } = await lockstep(SHORT);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.trim().split('\n');
    expect(lines[0]).toContain('seed 7');
    expect(lines.at(-1)).toContain('npm run sim -- --seed 7 --scenario steady-decides --for 5s');
    expect(out, 'no colours, no progress').not.toContain('\u001b');
  });

  test('that was saved is the same run again', async () => {
    const drawn = JSON.parse((await lockstep([...SHORT, '--json'])).out) as { digest: string };
    const loaded = JSON.parse((await lockstep(['sim', '--run', at('run.json'), '--json'])).out) as { digest: string; replay: string };
    expect(loaded.digest).toBe(drawn.digest);
    expect(loaded.replay).toContain('--run');
  });

  test('of real signatures is deterministic, and another one', async () => {
    const digest = async (...more: string[]): Promise<string> => (JSON.parse((await lockstep([...SHORT, '--json', ...more])).out) as { digest: string }).digest;
    const real = await digest('--real-crypto');
    expect(await digest('--real-crypto')).toBe(real);
    expect(await digest()).not.toBe(real);
  });

  test('with the canary fails with exit 1, evidence, and a command', async () => {
    const { code, out } = await lockstep(['sim', '--seed', '1', '--for', '5s', '--mutant', 'canary', '--junit', at('canary.xml')]);
    expect(code).toBe(1);
    expect(out).toMatch(/is violated: /);
    expect(out.trim().split('\n').at(-1)).toContain('--mutant canary');
    expect(readFileSync(at('canary.xml'), 'utf8')).toMatch(/<failure type="safety"/);
  });

  test('is the same with a report, which is a page of its own', async () => {
    const drawn = await lockstep([...SHORT, '--json', '--report', at('run.html')]);
    expect({ code: drawn.code, err: drawn.err }).toEqual({ code: 0, err: '' });
    expect((JSON.parse(drawn.out) as { digest: string }).digest).toBe((JSON.parse((await lockstep([...SHORT, '--json'])).out) as { digest: string }).digest);
    expect(readFileSync(at('run.html'), 'utf8')).toMatch(/^<!doctype html>[^]*<h1>steady-decides, seed 7<[^]*<\/html>\n$/);
    const loaded = await lockstep(['sim', '--run', at('run.json'), '--report', at('loaded.html')]);
    expect({ code: loaded.code, err: loaded.err }).toEqual({ code: 0, err: '' });
    // Only the command to see it again is another.
    const page = (name: string): string => readFileSync(at(name), 'utf8').replace(/"replay":"[^"]*"/, '');
    expect(page('loaded.html') === page('run.html')).toBe(true);
  });

  test('that fails writes its report, and still exits 1', async () => {
    const { code } = await lockstep(['sim', '--seed', '1', '--for', '5s', '--mutant', 'canary', '--report', at('canary.html')]);
    expect(code).toBe(1);
    expect(readFileSync(at('canary.html'), 'utf8')).toMatch(/<p id="verdict" class="violated">/);
  });

  test('a sweep reports what CONTRACT promises', async () => {
    const { code, out } = await lockstep(['sim', '--seeds', '1..4', '--scenario', 'steady-decides', '--for', '3s', '--json', '--jobs', '2']);
    const report = JSON.parse(out) as { runs: number; canary: { caught: boolean }; failed: unknown[]; repeated: { runs: number; disagreements: unknown[] } };
    expect({ code, runs: report.runs, failed: report.failed }).toEqual({ code: 0, runs: 4, failed: [] });
    expect(report.canary.caught).toBe(true);
    expect(report.repeated).toMatchObject({ runs: 1, disagreements: [] });
    for (const key of ['scenario', 'seeds', 'operations', 'events', 'simulatedUs', 'wallMs', 'jobs', 'properties', 'marks']) expect(report).toHaveProperty(key);
  });

  test('a sweep that is to stop on a failure does, with a report for each run', async () => {
    const { code, out } = await lockstep(['sim', '--seeds', '1..60', '--scenario', 'steady-decides', '--for', '3s', '--jobs', '1', '--mutant', 'raft/vote-before-durable', '--stop-on-failure', '--junit', at('sweep.xml')]);
    expect(code).toBe(1);
    expect(out.trim().split('\n').at(-1)).toMatch(/^Ended with the first failure after 1 of 60 runs\.$/);
    expect(readFileSync(at('sweep.xml'), 'utf8').match(/<testsuite /g)).toHaveLength(1);
  });

  test('a sweep that is interrupted says what it has, and exits 0', async () => {
    const child = spawn(process.execPath, [program, 'sim', '--seeds', '1..100000', '--for', '2s', '--jobs', '1'], { env: { ...process.env, CI: '', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (out === '') setTimeout(() => child.kill('SIGINT'), 1_000);
      out += chunk.toString();
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(out.trim().split('\n').at(-1)).toMatch(/^Stopped after [\d,]+ of 100,000 runs\.$/);
  });

  test('that is interrupted drains and exits 0', async () => {
    const child = spawn(process.execPath, [program, 'sim', '--seed', '1', '--for', '24h'], { env: { ...process.env, CI: '', NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (out === '') setTimeout(() => child.kill('SIGINT'), 300);
      out += chunk.toString();
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(out).toContain('Stopped before the end');
  });

  test('lists what there is', async () => {
    const listing = JSON.parse((await lockstep(['sim', '--list', '--json'])).out) as Record<string, { name?: string; id?: string; about: string }[]>;
    expect(Object.keys(listing)).toEqual(['scenarios', 'faults', 'properties', 'marks', 'mutants']);
    for (const items of Object.values(listing)) {
      expect(items.length).toBeGreaterThan(0);
      for (const item of items) expect(item.about.length, item.name ?? item.id).toBeGreaterThan(5);
    }
  });
});

describe('a dump', () => {
  test('is refolded to the same digests', async () => {
    const { code, out } = await lockstep(['replay', at('dump'), '--json']);
    const report = JSON.parse(out) as { verdict: string; steps: number; nodes: unknown[] };
    expect({ code, verdict: report.verdict, nodes: report.nodes.length }).toEqual({ code: 0, verdict: 'match', nodes: 5 });
    expect(report.steps).toBeGreaterThan(500);
  });

  test('shows the state after a step', async () => {
    const whole = JSON.parse((await lockstep(['replay', at('dump/node-001'), '--json'])).out) as { nodes: { last: number }[] };
    const step = (whole.nodes[0]?.last ?? 0) - 7;
    const { code, out } = await lockstep(['replay', at('dump/node-001'), '--until', String(step)]);
    expect(code).toBe(0);
    expect(out).toContain(`state after event ${step}`);
  });

  test('that was damaged is called corrupt', async () => {
    const made = await lockstep([...SHORT, '--dump', at('damaged')]);
    expect(made.code).toBe(0);
    const node = at('damaged/node-002');
    const segment = journals('damaged/node-002')[0] as string;
    const bytes = readFileSync(join(node, segment));
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] as number) ^ 1;
    writeFileSync(join(node, segment), bytes);
    const flipped = await lockstep(['replay', node, '--json']);
    expect({ code: flipped.code, verdict: (JSON.parse(flipped.out) as { verdict: string }).verdict }).toEqual({ code: 2, verdict: 'corrupt' });
    expect(flipped.err).toContain('damaged');
    truncateSync(join(node, segment), 40);
    expect((await lockstep(['replay', node])).code).toBe(2);
  });

  test('of another kernel is refused', async () => {
    const { segmentHeadCodec } = await import('../io/journal-records.ts');
    const { HEADER_MAGIC, segmentFile, unwrapRecord, wrapRecord } = await import('../io/journal-format.ts');
    const head = unwrapRecord(HEADER_MAGIC, segmentHeadCodec, readFileSync(join(at('dump/node-001'), journals('dump/node-001')[0] as string)), 0);
    if (!head.ok) throw new Error(head.reason);
    mkdirSync(at('older'));
    writeFileSync(at(`older/${segmentFile(1)}`), wrapRecord(HEADER_MAGIC, segmentHeadCodec, { ...head.value, version: 'f'.repeat(64) }));
    await refuses(['replay', at('older')], 'was written by kernel ffffffffffff');
  });

  test('of a later format is refused, whichever of its files is', async () => {
    const { inLaterFormat } = await import('../io/testing/later-format.ts');
    const files = readdirSync(at('dump/node-001'));
    for (const later of [journals('dump/node-001')[0] as string, files.find((file) => file.startsWith('snapshot-')) as string, 'watermark']) {
      mkdirSync(at(`later-${later}`));
      for (const file of files) {
        const bytes = readFileSync(join(at('dump/node-001'), file));
        writeFileSync(join(at(`later-${later}`), file), file === later ? inLaterFormat(bytes) : bytes);
      }
      await refuses(['replay', at(`later-${later}`)], 'is written in format 2, and this program reads format 1');
    }
  });

  test('that is larger than any journal of ours is not read', async () => {
    mkdirSync(at('oversized'));
    writeFileSync(at('oversized/journal-0000000000000001.log'), '');
    truncateSync(at('oversized/journal-0000000000000001.log'), 3 * 1024 ** 3);
    await refuses(['replay', at('oversized')], 'at most');
  });

  test('of a node that runs is refused', async () => {
    mkdirSync(at('running'));
    writeFileSync(at('running/journal-0000000000000001.log'), '');
    writeFileSync(at('running/lock'), String(process.pid));
    await refuses(['replay', at('running')], `is in use by process ${process.pid}`);
  });
});
