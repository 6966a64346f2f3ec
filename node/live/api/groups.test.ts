import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, startLoneNode, type LoneNode } from '../testing/lone-node.ts';

let node: LoneNode;

beforeAll(async () => {
  node = await startLoneNode();
  await eventually(() => fetch(`${node.url}/ready`), (answer) => answer.status === 200);
});
afterAll(() => node.clear());

async function ask(path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`${node.url}${path}`, init);
  return { status: answer.status, body: await answer.json() };
}

const ALONE = { group: 0, number: 0, voters: [{ node: 1, life: 0 }], outgoing: [], learners: [], wanted: { voters: [1], learners: [] } };

describe('the members of a group', () => {
  test('are shown as the leader knows them', async () => {
    expect(await ask('/v1/groups/0/members')).toEqual({ status: 200, body: { ...ALONE, verdict: 'done' } });
  });

  test('are changed from the configuration that was named, and from no other', async () => {
    expect(await ask('/v1/groups/0/members', { number: 0, voters: [1] })).toEqual({ status: 200, body: { ...ALONE, verdict: 'done' } });
    expect(await ask('/v1/groups/0/members', { number: 7, voters: [1], learners: [] })).toMatchObject({ status: 200 });
  });

  test('are nodes of this network, in a group of it', async () => {
    expect(await ask('/v1/groups/0/members', { number: 0, voters: [2] })).toMatchObject({ status: 422, body: { code: 'badRequest' } });
    expect(await ask('/v1/groups/9/members')).toMatchObject({ status: 422, body: { code: 'badRequest' } });
    expect(await ask('/v1/groups/x/members')).toMatchObject({ status: 400, body: { code: 'badRequest' } });
    for (const body of [{}, { number: 0 }, { number: -1, voters: [1] }, { number: 0, voters: [] }, { number: 0, voters: [1, 1] }, { number: 0, voters: ['1'] }, { number: 0, voters: [1], more: 1 }]) {
      expect(await ask('/v1/groups/0/members', body)).toMatchObject({ status: 400, body: { code: 'badRequest' } });
    }
  });

  test('may be asked to lead, if they vote', async () => {
    expect(await ask('/v1/groups/0/leader', { leader: 1 })).toMatchObject({ status: 200, body: { verdict: 'done' } });
    expect(await ask('/v1/groups/0/leader', { leader: 2 })).toMatchObject({ status: 422 });
    expect(await ask('/v1/groups/0/leader', {})).toMatchObject({ status: 400 });
  });
});
