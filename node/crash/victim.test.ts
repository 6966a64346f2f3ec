// Who kills a node in the middle of something must understand what it says.

import { expect, test } from 'vitest';
import { eventually, startLoneNode } from '../live/testing/lone-node.ts';
import { sayingOf } from './victim.ts';

test('a node says when it begins and ends to recover, and to take a snapshot', async () => {
  const node = await startLoneNode({ limits: { snapshotEvery: 100 } });
  const said = (): string[] => node.lines.map((line) => sayingOf(`node 1 ${line}`)).filter((saying) => saying !== undefined).map(({ phase, how }) => `${phase} ${how}`);
  expect(said()).toEqual(['recovery begins', 'recovery ends']);
  await eventually(() => fetch(`${node.url}/ready`).then((answer) => answer.status), (status) => status === 200);
  for (let i = 0; !said().includes('snapshot begins'); i++) {
    const answer = await fetch(`${node.url}/v1/decide`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ need: `0/n${i}`, proposal: 'p' }) });
    expect(answer.status).toBe(200);
  }
  await eventually(async () => said(), (sayings) => sayings.includes('snapshot ends'));
  expect(said().slice(0, 4)).toEqual(['recovery begins', 'recovery ends', 'snapshot begins', 'snapshot ends']);
  await node.clear();
});
