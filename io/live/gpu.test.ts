import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { LiveGpu } from './gpu.ts';
import { until } from './testing/peers.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-gpu-'));
const library = join(directory, 'libnvidia-ml.so.1');
const modeFile = join(directory, 'mode');
const compiles = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
if (!compiles) console.log('skipped: the tests of the GPU driver compile a library with gcc, which is not installed');

const first = { id: 'GPU-00000000-0000-0000-0000-000000000000', memoryMb: 81_920, usedMb: 1_024 };
const second = { id: 'GPU-00000000-0000-0000-0000-000000000001', memoryMb: 2 ** 34, usedMb: 1_024 };

let gpu: LiveGpu;
let lines: string[];

function machine(mode: string, path: string = library, timeoutMs = 8_000): LiveGpu {
  lines = [];
  writeFileSync(modeFile, mode);
  process.env['NVML_TEST_MODE'] = modeFile;
  gpu = new LiveGpu({ nvml: path, timeoutMs }, (line) => lines.push(line));
  return gpu;
}

afterEach(() => gpu.stop());
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('a machine without a driver has no devices, and says so once', async () => {
  machine('', join(directory, 'libnone.so.1'));
  expect(await gpu.inventory()).toEqual([]);
  expect(await gpu.inventory()).toEqual([]);
  expect(lines).toEqual([expect.stringMatching(/^no GPU driver \(.*libnone\.so\.1.*\); the node offers no accelerators$/)]);
});

describe.skipIf(!compiles)('with a library that speaks NVML', () => {
  beforeAll(() => void execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, fileURLToPath(new URL('./testing/nvml.c', import.meta.url))]));

  test('devices come with their identity and memory, exactly, whatever the size', async () => {
    expect(await machine('').inventory()).toEqual([first, second]);
    expect(lines).toEqual([]);
  });

  test('a device that is lost is left out, and found again', async () => {
    expect(await machine('lost').inventory()).toEqual([first]);
    writeFileSync(modeFile, '');
    expect(await gpu.inventory()).toEqual([first, second]);
  });

  test('a driver that fails is a failure with its own words, told once', async () => {
    machine('unloaded');
    for (let i = 0; i < 3; i++) await expect(gpu.inventory()).rejects.toMatchObject({ kind: 'failed', message: 'nvmlInit: Driver Not Loaded' });
    writeFileSync(modeFile, '');
    expect(await gpu.inventory()).toHaveLength(2);
    expect(lines).toEqual([expect.stringMatching(/^GPU driver failed \(nvmlInit: Driver Not Loaded\)/), 'GPU driver answers: 2 devices']);
  });

  test('a driver that hangs costs its process, not the node; the next question is answered', async () => {
    machine('hang', library, 3_000);
    const started = performance.now();
    const answers = await Promise.allSettled([gpu.inventory(), gpu.inventory()]);
    expect(answers).toMatchObject([{ status: 'rejected', reason: { kind: 'silent' } }, { status: 'rejected', reason: { kind: 'silent' } }]);
    expect(performance.now() - started).toBeLessThan(5_500);
    writeFileSync(modeFile, '');
    expect(await gpu.inventory()).toEqual([first, second]);
    expect(lines[0]).toMatch(/^GPU driver has not answered for 3000 ms; its process was killed/);
    await until('no process is left behind', () => drivers().length === 1);
  });

  test('a driver that crashes takes nobody with it', async () => {
    machine('crash');
    await expect(gpu.inventory()).rejects.toMatchObject({ kind: 'silent' });
    writeFileSync(modeFile, '');
    expect(await gpu.inventory()).toHaveLength(2);
  });

  test('a node that is killed leaves no driver behind, even one that hangs', async () => {
    machine('hang');
    const script = `const { LiveGpu } = await import(${JSON.stringify(new URL('./gpu.ts', import.meta.url).href)});
      new LiveGpu({ nvml: ${JSON.stringify(library)}, timeoutMs: 60000 }, () => undefined).inventory();
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1500);`;
    spawnSync(process.execPath, ['--input-type=module', '-e', script], { env: process.env });
    await until('the driver is gone', () => drivers().length === 0);
  });
});

/** Processes that have our library for an argument. */
function drivers(): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      const line = readFileSync(`/proc/${entry}/cmdline`, 'utf8');
      return line.includes(library) && line.includes('gpu-driver') && !/^State:\s+Z/m.test(readFileSync(`/proc/${entry}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}
