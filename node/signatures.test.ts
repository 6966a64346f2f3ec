// A boundary that lets everything in: what it let in is found in the journal afterwards.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../io/live/signer.ts';
import { StandInScheme, type Scheme } from '../io/sim/scheme.ts';
import { nodeId } from '../kernel/base/ids.ts';
import { SECOND } from '../kernel/base/time.ts';
import { execute, resolve } from '../scenarios/run.ts';
import { Complaint } from './complaint.ts';
import { dumpWorld } from './dump.ts';
import { kernelHash } from './kernel-hash.ts';
import { networkHash } from './live/network-definition.ts';
import { readConfiguration } from './live/configuration.ts';
import { replayFolder } from './replay.ts';
import { verifierFor } from './signatures.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-signatures-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Signs as it should and verifies nothing. */
class Credulous implements Scheme {
  private readonly real: StandInScheme;

  constructor(seed: number, nodes: number) {
    this.real = new StandInScheme(seed, nodes);
  }

  sign = (node: Parameters<Scheme['sign']>[0], text: string): string => this.real.sign(node, text);
  verify = (): boolean => true;
  keyOf = (actor: number): string => this.real.keyOf(actor);
  signAs = (actor: number, bytes: Uint8Array): Uint8Array => this.real.signAs(actor, bytes);
  verifyKey = (): boolean => true;
}

function dumped(name: string, scheme: (seed: number, nodes: number) => Scheme): string {
  const calm = resolve(3, { scenario: 'steady-decides', forUs: 3 * SECOND, faults: 'none' });
  const forgery = { kind: 'forged-hello', from: 500_000, until: 600_000, nodes: [2], strength: 1 };
  const { world, result } = execute({ ...calm, snapshotEvery: 1_000_000, faults: [forgery] }, [], { checked: false, kernelVersion: kernelHash(), scheme });
  expect(result.faults['forged-hello']).toBeGreaterThan(0);
  dumpWorld(join(root, name), world.view());
  return join(root, name);
}

let honest = '';
let fooled = '';
beforeAll(() => {
  honest = dumped('honest', (seed, nodes) => new StandInScheme(seed, nodes));
  fooled = dumped('fooled', (seed, nodes) => new Credulous(seed, nodes));
}, 60_000);

describe('verifying a journal again', () => {
  test('finds every signature good where the boundary did its work', () => {
    for (const node of replayFolder(honest, undefined, { config: undefined })) {
      expect([node.verdict, node.signatures?.forged]).toEqual(['match', []]);
      expect(node.signatures?.verified).toBeGreaterThan(4);
    }
  });

  test('names the step at which a forged hello was let in, and in whose name', () => {
    const nodes = replayFolder(fooled, undefined, { config: undefined });
    const forged = nodes.flatMap((node) => node.signatures?.forged.map((one) => ({ ...one, verdict: node.verdict, at: node.at })) ?? []);
    expect(forged.length).toBeGreaterThan(0);
    for (const one of forged) expect(one).toMatchObject({ verdict: 'forged', from: 2 });
    expect(forged[0]?.message).toContain('in the name of node 2');
    expect(forged[0]?.at).toBe(forged[0]?.step);
    const first = nodes.find((node) => node.verdict === 'forged');
    const state = replayFolder(first?.directory as string, first?.at)[0]?.state;
    expect(state?.event).toContain('node 2 says hello');
  });

  test('is not done where nobody asked for it', () => {
    expect(replayFolder(fooled).every((node) => node.verdict === 'match' && node.signatures === undefined)).toBe(true);
  });
});

describe('whose keys they are', () => {
  const write = (name: string, network: string): string => {
    const key = generateKey(join(root, `${name}.key`));
    const file = join(root, `${name}.json`);
    writeFileSync(file, JSON.stringify({ self: 1, key: `${name}.key`, data: name, network: { name: network, members: [{ id: 1, publicKey: key.publicKey, addresses: [] }] } }));
    return file;
  };
  const hashOf = (file: string): string => networkHash(readConfiguration({ config: file }).configuration?.network as Parameters<typeof networkHash>[0]);

  test('is found beside the directory, by the hash of the network', () => {
    const file = write('one', 'this network');
    write('two', 'that network');
    const verify = verifierFor(honest, hashOf(file), undefined);
    expect(verify(nodeId(1), 'a text', Buffer.alloc(64).toString('base64url'))).toBe(false);
    expect(verify(nodeId(9), 'a text', Buffer.alloc(64).toString('base64url'))).toBe(false);
  });

  test('is refused if the configuration is of another network, or there is none', () => {
    const other = write('three', 'another network');
    expect(() => verifierFor(honest, 'f'.repeat(64), other)).toThrow(Complaint);
    expect(() => verifierFor(honest, 'f'.repeat(64), other)).toThrow('is not a configuration of the network');
    expect(() => verifierFor(honest, 'f'.repeat(64), undefined)).toThrow('say whose keys they are with --config FILE');
  });
});
