import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { diskContract, text, type DiskSubject } from '../contract/disk.ts';
import type { DiskResult } from '../ports.ts';
import { LiveDisk, type Unsynced } from './disk.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'lockstep-disk-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

let made = 0;
const freshDirectory = (): string => path.join(root, String(++made), 'data');

class LiveSubject implements DiskSubject {
  readonly directory: string;
  completions: { readonly token: number; readonly result: DiskResult }[] = [];
  disk: LiveDisk;
  /** Only a disk that holds back what is not synced can lose it to a test. */
  readonly crash?: () => Promise<void>;
  private readonly unsynced: Unsynced;
  private readonly abandoned: LiveDisk[] = [];

  constructor(directory: string, unsynced: Unsynced = 'write') {
    this.directory = directory;
    this.unsynced = unsynced;
    if (unsynced === 'hold') {
      this.crash = async () => {
        await this.settle();
        this.abandoned.push(this.disk);
        this.completions = [];
        this.disk = this.opened();
      };
    }
    this.disk = this.opened();
  }

  async settle(): Promise<void> {
    while (!this.disk.idle) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async reopen(): Promise<void> {
    await this.disk.close();
    this.completions = [];
    this.disk = this.opened();
  }

  async end(): Promise<void> {
    await this.disk.close();
    for (const disk of this.abandoned) await disk.close();
  }

  async lockElsewhere(): Promise<DiskResult> {
    const other = new LiveSubject(this.directory);
    const result = await other.run(1, { kind: 'lock' });
    await other.disk.close();
    return result as DiskResult;
  }

  async run(token: number, request: Parameters<LiveDisk['submit']>[1]): Promise<DiskResult | undefined> {
    this.disk.submit(token, request);
    await this.settle();
    return this.completions.find((completion) => completion.token === token)?.result;
  }

  private opened(): LiveDisk {
    return new LiveDisk(this.directory, (token, result) => this.completions.push({ token, result }), this.unsynced);
  }
}

describe('a directory of real files keeps the contract of a disk', () => {
  for (const { claim, applies, check } of diskContract) {
    test(claim, async ({ skip }) => {
      const subject = new LiveSubject(freshDirectory());
      if (applies !== undefined && !applies(subject)) skip('a real machine is not stopped by a test');
      await check(subject);
      await subject.end();
    });
  }
});

describe('real files that hold back what is not synced keep the contract of a disk', () => {
  for (const { claim, check } of diskContract) {
    test(claim, async () => {
      const subject = new LiveSubject(freshDirectory(), 'hold');
      await check(subject);
      await subject.end();
    });
  }

  test('what was appended and not synced is gone with the process, and what was synced is not', async () => {
    const subject = new LiveSubject(freshDirectory(), 'hold');
    await subject.run(1, { kind: 'lock' });
    await subject.run(2, { kind: 'append', file: 'log', chunk: text('kept'), sync: true });
    await subject.run(3, { kind: 'append', file: 'log', chunk: text('lost'), sync: false });
    await subject.run(4, { kind: 'append', file: 'other', chunk: text('lost'), sync: false });
    await subject.crash?.();
    expect(fs.readFileSync(path.join(subject.directory, 'log'), 'utf8')).toBe('kept');
    expect(fs.existsSync(path.join(subject.directory, 'other'))).toBe(false);
    await subject.end();
  });
});

describe('what only real files can do', () => {
  test('a lock whose holder is gone is taken over', async () => {
    const directory = freshDirectory();
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, 'lock'), '999999999 1@gone');
    const subject = new LiveSubject(directory);
    expect(await subject.run(1, { kind: 'lock' })).toEqual({ kind: 'done' });
    await subject.disk.close();
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test('a lock of a living process is respected, and nothing is changed', async () => {
    const directory = freshDirectory();
    fs.mkdirSync(directory, { recursive: true });
    const parent = String(process.ppid);
    fs.writeFileSync(path.join(directory, 'lock'), `${parent} `);
    const subject = new LiveSubject(directory);
    const result = await subject.run(1, { kind: 'lock' });
    expect(result).toMatchObject({ kind: 'failed', reason: 'locked' });
    expect(result?.kind === 'failed' && result.detail).toContain(`in use by process ${parent}`);
    await subject.disk.close();
    expect(fs.readFileSync(path.join(directory, 'lock'), 'utf8')).toBe(`${parent} `);
  });

  test('a file that failed takes no more requests, and other files go on', async () => {
    const directory = freshDirectory();
    const subject = new LiveSubject(directory);
    await subject.run(1, { kind: 'lock' });
    fs.mkdirSync(path.join(directory, 'log'));
    expect(await subject.run(2, { kind: 'append', file: 'log', chunk: text('x'), sync: true })).toMatchObject({ kind: 'failed', reason: 'io' });
    fs.rmdirSync(path.join(directory, 'log'));
    expect(await subject.run(3, { kind: 'append', file: 'log', chunk: text('x'), sync: true })).toMatchObject({ kind: 'failed', reason: 'io' });
    expect(await subject.run(4, { kind: 'append', file: 'other', chunk: text('x'), sync: true })).toEqual({ kind: 'done' });
    await subject.disk.close();
  });

  test('a replacement that was never finished is nobody\'s file', async () => {
    const directory = freshDirectory();
    const subject = new LiveSubject(directory);
    await subject.run(1, { kind: 'lock' });
    fs.writeFileSync(path.join(directory, 'watermark.new'), 'half');
    expect(await subject.run(2, { kind: 'list' })).toEqual({ kind: 'files', files: [] });
    expect(await subject.run(3, { kind: 'replace', file: 'watermark', chunk: text('whole') })).toEqual({ kind: 'done' });
    expect(fs.readdirSync(directory).sort((a, b) => (a < b ? -1 : 1))).toEqual(['lock', 'watermark']);
    await subject.disk.close();
  });
});
