import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { startsOf } from '../../kernel/hello.ts';
import type { Status } from '../live/api/schemas.ts';
import type { ConfigurationFile } from '../live/configuration-schema.ts';
import { eventually } from '../live/testing/lone-node.ts';

const program = fileURLToPath(new URL('../lockstep.ts', import.meta.url));
const IDS = [1, 2, 3];
let folder = '';
let child: ChildProcess;
let output = '';
let exit: Promise<number | null>;

const lockstep = (...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 30_000 });
const configurationOf = (id: number): ConfigurationFile => JSON.parse(readFileSync(join(folder, `node-00${id}.json`), 'utf8')) as ConfigurationFile;
const urlOf = (id: number): string => `http://${configurationOf(id).http}`;

async function decide(id: number, need: string, proposal = 'p'): Promise<{ status: number; body: { record?: { proposalId: string } } }> {
  const answer = await fetch(`${urlOf(id)}/v1/decide`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ need, proposal }) });
  return { status: answer.status, body: (await answer.json()) as { record?: { proposalId: string } } };
}

const status = async (id: number): Promise<Status | undefined> =>
  fetch(`${urlOf(id)}/v1/status`).then((answer) => answer.json() as Promise<Status>, () => undefined);

const readyCount = async (): Promise<number> => (await Promise.all(IDS.map((id) => fetch(`${urlOf(id)}/ready`).then((answer) => answer.ok, () => false)))).filter(Boolean).length;

function processOf(id: number): number {
  return Number(new RegExp(`node ${id} .*process (\\d+)`).exec(output)?.[1]);
}

beforeAll(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'lockstep-dev-test-')), 'network');
  child = spawn(process.execPath, [program, 'node', '--dev', '--data', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  exit = new Promise((resolve) => child.once('exit', resolve));
  await eventually(async () => output, (text) => text.includes('Ctrl-C stops them all'), 30_000);
}, 40_000);

afterAll(() => {
  child.kill('SIGKILL');
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

describe('a network of three processes', () => {
  beforeEach(() => onTestFailed(() => void process.stderr.write(`what the network said:\n${output}\n`)));

  test('decides once, whoever is asked, and tells it to whoever asks', async () => {
    const answers = await Promise.all(IDS.map((id) => decide(id, '0/contested', `from-${id}`)));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409, 409]);
    const winners = new Set(answers.map((answer) => answer.body.record?.proposalId));
    expect(winners.size).toBe(1);
    for (const id of IDS) {
      const read = await fetch(`${urlOf(id)}/v1/decide/0/contested`);
      expect(((await read.json()) as { proposalId: string }).proposalId).toBe([...winners][0]);
    }
  });

  test('goes on when its leader is killed, keeps what was acknowledged, and takes the killed node back', async () => {
    const leader = (await eventually(() => status(1), (shown) => (shown?.groups[0]?.leader ?? 0) > 0))?.groups[0]?.leader as number;
    const others = IDS.filter((id) => id !== leader);
    const acknowledged: string[] = [];
    const note = async (id: number, need: string): Promise<boolean> => {
      const { status: code } = await decide(id, need);
      if (code === 200) acknowledged.push(need);
      return code === 200;
    };
    for (let n = 0; n < 30; n++) await note(leader, `0/before-${n}`);
    process.kill(processOf(leader), 'SIGKILL');
    let n = 0;
    await eventually(() => note(others[n % 2] as number, `0/after-${n++}`), (served) => served);
    const commit = (await status(others[0] as number))?.groups[0]?.commit as number;
    await eventually(() => status(leader), (shown) => shown !== undefined && startsOf(shown.incarnation) === 2 && (shown.groups[0]?.commit ?? 0) >= commit, 20_000);
    const answers = await Promise.all(acknowledged.map(async (need) => (await fetch(`${urlOf(leader)}/v1/decide/${need}`)).status));
    expect(answers.filter((code) => code !== 200)).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(30);
    await eventually(readyCount, (ready) => ready === 3);
  });

  test('refuses a second process on its data and ports, naming everything in the way at once', () => {
    const { status: code, stderr } = lockstep('node', '--config', join(folder, 'node-001.json'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^lockstep: this node cannot start, for 3 reasons:\n {2}- data: .* is in use by process \d+.*\n {2}- http: port \d+ .* is taken .*\n {2}- p2p: port \d+ .* is taken .*\n$/);
  });

  test('drains and seals when interrupted, and every journal refolds to the same state', async () => {
    child.kill('SIGINT');
    expect(await exit).toBe(0);
    expect(output.match(/stopped, and sealed its journal/g)).toHaveLength(3);
    for (const id of IDS) {
      const { status: code, stdout } = lockstep('replay', join(folder, `node-00${id}`), '--json');
      expect([code, (JSON.parse(stdout) as { verdict: string }).verdict]).toEqual([0, 'match']);
    }
  });

  test('leaves a directory that is not let into another network', () => {
    const configuration = configurationOf(1);
    const file = join(folder, 'other.json');
    writeFileSync(file, JSON.stringify({ ...configuration, network: { ...configuration.network, name: 'other' } }));
    const { status: code, stderr } = lockstep('node', '--config', file);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^lockstep: this node cannot start: data: .* holds the journal of another network .*\n$/)]);
  });
});

describe('the command', () => {
  test.each([
    [['node'], /expected --dev .*, --config FILE, or flags/],
    [['node', '--dev', '--mode', 'full'], /--dev and --mode do not go together/],
    [['node', '--confg', 'x'], /unknown flag "--confg": did you mean "--config"/],
    [['node', '--config', '/nowhere/node.json'], /there is none at/],
    [['keys', 'inspect', '/nowhere/key'], /there is no key file/],
  ])('%j is refused with one sentence', (args, sentence) => {
    const { status: code, stdout, stderr } = lockstep(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('keys makes a key once, and shows its public half', () => {
    const file = join(folder, 'fresh.key');
    const made = lockstep('keys', 'generate', file, '--json');
    expect(made.status).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ publicKey: expect.stringMatching(/^[0-9a-f]{64}$/), peerId: expect.stringMatching(/^12D3KooW/) });
    expect(lockstep('keys', 'inspect', file).stdout).toContain((JSON.parse(made.stdout) as { publicKey: string }).publicKey);
    expect(lockstep('keys', 'generate', file)).toMatchObject({ status: 2, stderr: expect.stringMatching(/never overwritten/) });
  });
});
