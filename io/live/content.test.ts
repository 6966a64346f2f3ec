import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../kernel/base/hash.ts';
import { CHUNK_BYTES, type ContentRequest } from '../../kernel/content.ts';
import type { ServiceOutcome } from '../../kernel/event.ts';
import { bytesOf, contentContract, contentOf, CONTRACT_BYTES, type ContentSubject } from '../contract/content.ts';
import { LiveContent } from './content.ts';
import { until } from './testing/peers.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-content-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

class Files implements ContentSubject {
  readonly answers: { sequence: number; index: number; outcome: ServiceOutcome }[] = [];
  readonly directory: string = join(root, `${++made}`, 'content');
  store: LiveContent = this.opened();

  private opened(): LiveContent {
    return new LiveContent(this.directory, (sequence, index, outcome) => this.answers.push({ sequence, index, outcome }), CONTRACT_BYTES);
  }

  settle(): Promise<void> {
    return until('the store has answered', () => this.store.idle);
  }

  restart(): Promise<void> {
    this.store = this.opened();
    return Promise.resolve();
  }

  file(content: string): string {
    return join(this.directory, readdirSync(this.directory).find((name) => name.endsWith(content)) as string);
  }

  damage(content: string): void {
    const bytes = readFileSync(this.file(content));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 4;
    writeFileSync(this.file(content), bytes);
  }

  async ask(request: ContentRequest): Promise<ServiceOutcome | undefined> {
    this.store.call(1, 0, request);
    await this.settle();
    return this.answers.splice(0)[0]?.outcome;
  }
}

const BYTES = bytesOf(3 * CHUNK_BYTES - 5, 1);
const NAME = sha256(BYTES);
const put: ContentRequest = { service: 'content', ask: 'put', owner: 1, content: contentOf(BYTES) };
const get = (place: number): ContentRequest => ({ service: 'content', ask: 'get', content: NAME, offset: place * CHUNK_BYTES });
const damaged = { kind: 'ok', answer: { service: 'content', is: 'absent', why: 'damaged' } };

describe('a folder of files keeps the contract of a content store', () => {
  test.each(contentContract.map((one) => [one.claim, one] as const))('%s', async (_, one) => {
    await one.check(new Files());
  });
});

describe('a folder of files', () => {
  test('holds one file for each owner, and is empty after all was dropped', async () => {
    const files = new Files();
    await files.ask(put);
    await files.ask({ ...put, content: contentOf(bytesOf(100, 2)) });
    await files.ask({ ...put, owner: 2 });
    expect(readdirSync(files.directory)).toEqual([`1-${sha256(bytesOf(100, 2))}`, `2-${NAME}`]);
    for (const owner of [1, 2]) await files.ask({ service: 'content', ask: 'drop', owner });
    expect(readdirSync(files.directory)).toEqual([]);
  });

  test('finds out that a file was cut off, that it is gone, and that a chunk stands in the place of another', async () => {
    const files = new Files();
    await files.ask(put);
    const file = files.file(NAME);
    copyFileSync(file, `${files.directory}-copy`);
    truncateSync(file, 2 * CHUNK_BYTES);
    expect(await files.ask(get(0))).toMatchObject({ answer: { is: 'chunk' } });
    expect(await files.ask(get(1))).toEqual(damaged);
    const whole = readFileSync(`${files.directory}-copy`);
    const frame = CHUNK_BYTES + 32;
    writeFileSync(file, Buffer.concat([whole.subarray(frame, 2 * frame), whole.subarray(0, frame), whole.subarray(2 * frame)]));
    for (const place of [0, 1]) expect(await files.ask(get(place))).toEqual(damaged);
    expect(await files.ask(get(2))).toMatchObject({ answer: { is: 'chunk' } });
    rmSync(file);
    expect(await files.ask(get(2))).toEqual(damaged);
  });

  test('clears away what was not finished, and leaves alone what it does not know', async () => {
    const files = new Files();
    await files.ask(put);
    writeFileSync(join(files.directory, `3-${NAME}.new`), 'half of it');
    writeFileSync(join(files.directory, 'a note'), 'by somebody else');
    await files.restart();
    expect(await files.ask(get(1))).toMatchObject({ answer: { is: 'chunk' } });
    expect(readdirSync(files.directory)).toEqual([`1-${NAME}`, 'a note']);
  });

  test('that cannot be made fails with a reason, and works once it can', async () => {
    const files = new Files();
    mkdirSync(join(files.directory, '..'), { recursive: true });
    writeFileSync(files.directory, 'a file stands where the folder should');
    const outcome = await files.ask(put);
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('EEXIST') as string });
    rmSync(files.directory);
    expect(await files.ask(put)).toMatchObject({ kind: 'ok' });
  });

  test('does not know whether it stored what it could not put in its place', async () => {
    const files = new Files();
    await files.ask({ ...put, owner: 2 });
    mkdirSync(join(files.directory, `1-${NAME}`));
    expect(await files.ask(put)).toEqual({ kind: 'unknown' });
    rmSync(join(files.directory, `1-${NAME}`), { recursive: true });
    expect(await files.ask(put)).toMatchObject({ kind: 'ok' });
  });

  test('says nothing more once it is stopped', async () => {
    const files = new Files();
    files.store.call(1, 0, put);
    files.store.call(2, 0, get(0));
    files.store.stop();
    await files.settle();
    expect(files.answers).toEqual([]);
  });
});
