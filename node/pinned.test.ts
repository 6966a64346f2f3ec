import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const olderNode = join(root, 'node_modules/node22-linux-x64/bin/node');
const pinnedVersion = process.versions.node; // npm test runs on the pinned Node

/** A program that says where it runs, and a launcher of it, as node/launch.js is one of node/lockstep.ts. */
const program = `
  const place: string = JSON.stringify({ node: process.versions.node, args: process.argv.slice(2) });
  if (process.argv[2] === 'wait') {
    process.on('SIGTERM', () => process.exit(9));
    setInterval(() => {}, 1000);
  } else process.exitCode = 7;
  console.log(place);
`;
let folder = '';
let launcher = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-pinned-'));
  launcher = join(folder, 'launch.mjs');
  writeFileSync(join(folder, 'program.ts'), program);
  writeFileSync(
    launcher,
    `import { runPinned } from ${JSON.stringify(new URL('pinned.js', import.meta.url).href)};
     await runPinned(${JSON.stringify(relative(root, join(folder, 'program.ts')))});`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the launcher', () => {
  test('runs the program in the same process when that is the pinned Node', () => {
    const { status, stdout } = spawnSync(process.execPath, [launcher, 'a', '--b'], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ node: pinnedVersion, args: ['a', '--b'] });
    expect(status).toBe(7);
  });

  test.runIf(existsSync(olderNode))('runs the program on the pinned Node when started by another', () => {
    const { status, stdout } = spawnSync(olderNode, [launcher, 'a', '--b'], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ node: pinnedVersion, args: ['a', '--b'] });
    expect(status).toBe(7);
  });

  test.runIf(existsSync(olderNode))('passes on a signal to stop, and the exit code that follows', async () => {
    const child = spawn(olderNode, [launcher, 'wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(9);
  });

  test.runIf(existsSync(olderNode))('says in one sentence what is missing where no suitable Node is installed', () => {
    const bare = join(folder, 'bare');
    mkdirSync(join(bare, 'node'), { recursive: true });
    writeFileSync(join(bare, 'package.json'), '{ "type": "module" }');
    for (const file of ['pinned.js', 'launch.js']) copyFileSync(join(root, 'node', file), join(bare, 'node', file));
    const { status, stdout, stderr } = spawnSync(olderNode, [join(bare, 'node/launch.js'), 'sim'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^lockstep: expected the pinned Node 24 .*: run "npm ci" .*\.\n$/u);
  });
});
