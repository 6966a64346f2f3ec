import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Disk, DiskRequest, DiskResult } from '../../io/ports.ts';
import { snapshotFile } from '../../io/journal-format.ts';
import type { DiskMaker } from './measured-disk.ts';
import { eventually, startLoneNode, type LoneNode } from './testing/lone-node.ts';

/** A disk in front of the files that can be told to hold back syncs, or to be full. */
class Lever {
  holding = false;
  full = false;
  /** Says that it has written what it has not. */
  lying = false;
  private readonly held: (() => void)[] = [];

  readonly before = (files: DiskMaker): DiskMaker => (completed): Disk => {
    const disk = files(completed);
    return {
      submit: (token: number, request: DiskRequest): void => {
        const failure: DiskResult = { kind: 'failed', reason: 'full', detail: 'no space left on device' };
        if (request.kind === 'append' && this.full) setImmediate(() => completed(token, failure));
        else if (request.kind === 'append' && this.lying) setImmediate(() => completed(token, { kind: 'done' }));
        else if (request.kind === 'append' && this.holding) this.held.push(() => disk.submit(token, request));
        else disk.submit(token, request);
      },
    };
  };

  release(): void {
    this.holding = false;
    for (const go of this.held.splice(0)) go();
  }
}

const status = async (node: LoneNode, path: string): Promise<number> => (await fetch(`${node.url}${path}`)).status;
const decide = (node: LoneNode, need: string): Promise<Response> => fetch(`${node.url}/v1/decide`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ need, proposal: 'p' }) });

describe('a live node', () => {
  test('whose disk is slow is not ready, turns requests away, and recovers', async () => {
    const lever = new Lever();
    const node = await startLoneNode({ disk: lever.before });
    await eventually(() => status(node, '/ready'), (code) => code === 200);
    lever.holding = true;
    const open = decide(node, '0/held');
    await eventually(() => status(node, '/ready'), (code) => code === 503);
    const ready = (await (await fetch(`${node.url}/ready`)).json()) as { reasons: string[] };
    expect(ready.reasons[0]).toMatch(/the disk is slow/);
    const turned = await decide(node, '0/turned');
    expect([turned.status, turned.headers.get('retry-after')]).toEqual([503, '1']);
    lever.release();
    expect((await open).status).toBe(200);
    await eventually(() => status(node, '/ready'), (code) => code === 200);
    expect((await decide(node, '0/turned')).status).toBe(200);
    await node.clear();
  });

  test('whose disk is full says so in one sentence and ends', async () => {
    const lever = new Lever();
    const node = await startLoneNode({ disk: lever.before });
    await eventually(() => status(node, '/ready'), (code) => code === 200);
    lever.full = true;
    const open = decide(node, '0/lost').catch(() => undefined);
    await eventually(async () => node.failures, (failures) => failures.length > 0);
    expect(node.failures).toEqual([{ code: 'disk', sentence: expect.stringMatching(/^The disk failed \(no space left on device\)/) }]);
    expect((await fetch(`${node.url}/ready`)).status).toBe(503);
    await node.clear();
    await open;
  });

  test('with little room left takes no requests while it can still write', async () => {
    const node = await startLoneNode({ limits: { reserveMb: 1_000_000 } });
    const answer = await decide(node, '0/a');
    expect([answer.status, await answer.json()]).toEqual([503, { code: 'notReady', message: expect.stringMatching(/nearly full: \d+ MB are free/) }]);
    expect(node.failures).toEqual([]);
    await node.clear();
  });

  test('takes its snapshots beside itself, and shows how far it is', async () => {
    const node = await startLoneNode({ limits: { snapshotEvery: 100 } });
    await eventually(() => status(node, '/ready'), (code) => code === 200);
    type Shadow = { folded: number; behind: number; snapshot: number; snapshotUnderWay: boolean; differs: string };
    const shadow = async (): Promise<Shadow> => ((await (await fetch(`${node.url}/health`)).json()) as { shadow: Shadow }).shadow;
    for (let i = 0; i < 100; i++) expect((await decide(node, `0/n${i}`)).status).toBe(200);
    const shown = await eventually(shadow, ({ snapshot, behind }) => snapshot > 0 && behind === 0);
    expect(shown).toMatchObject({ differs: '', snapshotUnderWay: false });
    expect(readdirSync(join(node.folder, 'data'))).toContain(snapshotFile(shown.snapshot));
    expect(node.lines.join('\n')).toMatch(/takes a snapshot after event (\d+)[^]*has written the snapshot after event \1,/);
    expect(await (await fetch(`${node.url}/metrics`)).text()).toMatch(/lockstep_shadow_differs\{[^}]*\} 0/);
    await node.clear();
  });

  test('whose files do not hold what it believes to be durable ends, and says what is wrong', async () => {
    const lever = new Lever();
    const node = await startLoneNode({ disk: lever.before });
    await eventually(() => status(node, '/ready'), (code) => code === 200);
    lever.lying = true;
    expect((await decide(node, '0/lost')).status).toBe(200);
    await eventually(async () => node.failures, (failures) => failures.length > 0);
    expect(node.failures).toEqual([{ code: 'diverged', sentence: expect.stringMatching(/^Event \d+ is durable, and it is not in the files of the journal\.$/) }]);
    expect(node.lines.some((line) => line.startsWith('VIOLATED P2: '))).toBe(true);
    expect(await (await fetch(`${node.url}/metrics`)).text()).toMatch(/lockstep_shadow_differs\{[^}]*\} 1/);
    await node.clear();
  });

  test('that stops answers what is open and seals its journal', async () => {
    const lever = new Lever();
    const node = await startLoneNode({ disk: lever.before });
    await eventually(() => status(node, '/ready'), (code) => code === 200);
    lever.holding = true;
    const open = decide(node, '0/open');
    await eventually(async () => (await (await fetch(`${node.url}/v1/status`)).json()) as { inFlight: number }, (shown) => shown.inFlight === 1);
    const stopped = node.live.stop();
    setTimeout(() => lever.release(), 100);
    expect((await open).status).toBe(200);
    await stopped;
    expect(node.live.sealed).toBe(true);
    await expect(fetch(`${node.url}/health`)).rejects.toThrow();
    await node.clear();
  });
});
