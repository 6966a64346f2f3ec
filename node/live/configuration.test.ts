import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectoryLock } from '../../io/live/lock.ts';
import { generateKey } from '../../io/live/signer.ts';
import type { ConfigurationFile } from './configuration-schema.ts';
import { readConfiguration, type Configuration, type NodeFlags } from './configuration.ts';
import { networkHash } from './network-definition.ts';
import { preflight } from './preflight.ts';

let folder = '';
let publicKeys: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-configuration-'));
  publicKeys = [1, 2, 3].map((id) => generateKey(join(folder, `${id}.key`)).publicKey);
});
afterAll(() => rmSync(folder, { recursive: true }));

const good = (): ConfigurationFile => ({
  self: 1, key: '1.key', data: 'data', http: '127.0.0.1:0', p2p: '/ip4/127.0.0.1/tcp/0',
  network: { name: 'test', members: publicKeys.map((publicKey, place) => ({ id: place + 1, publicKey, addresses: [`/ip4/127.0.0.1/tcp/${40_001 + place}`] })) },
});

function written(configuration: unknown): NodeFlags {
  const file = join(folder, 'node.json');
  writeFileSync(file, typeof configuration === 'string' ? configuration : JSON.stringify(configuration));
  return { config: file };
}

const faultsOf = (configuration: unknown): string[] => readConfiguration(written(configuration)).faults;

async function machineFaults(configuration: unknown): Promise<string[]> {
  return (await preflight(readConfiguration(written(configuration)).probe)).faults;
}

describe('a configuration', () => {
  test('is read with paths from its own folder, and the defaults of a live network', () => {
    const { configuration, faults } = readConfiguration(written(good()));
    expect(faults).toEqual([]);
    expect(configuration).toMatchObject({ key: join(folder, '1.key'), data: join(folder, 'data'), mode: 'full', http: { host: '127.0.0.1', port: 0 } });
    expect(configuration?.network).toMatchObject({ groups: 1, raft: { heartbeatUs: 100_000 } });
  });

  test('is overruled by flags, and can be made of flags alone', () => {
    expect(readConfiguration({ ...written(good()), self: '2', mode: 'storage' }).configuration).toMatchObject({ self: 2, mode: 'storage' });
    const flags = { self: '1', key: join(folder, '1.key'), data: join(folder, 'data'), network: 'test', member: publicKeys.map((key, place) => `${place + 1}=${key}@/ip4/127.0.0.1/tcp/${40_001 + place}`) };
    const { configuration } = readConfiguration(flags);
    expect(configuration?.network).toEqual(readConfiguration(written(good())).configuration?.network);
  });

  test('names its network by what all must agree on, and by nothing else', () => {
    const hashOf = (configuration: ConfigurationFile): string => networkHash((readConfiguration(written(configuration)).configuration as Configuration).network);
    const base = hashOf(good());
    const { network } = good();
    expect(hashOf({ ...good(), self: 2, network: { ...network, members: network.members.map((member) => ({ ...member, addresses: [] })) } })).toBe(base);
    expect(hashOf({ ...good(), network: { ...network, name: 'other' } })).not.toBe(base);
    expect(hashOf({ ...good(), network: { ...network, groups: 2 } })).not.toBe(base);
    expect(hashOf({ ...good(), network: { ...network, decide: { epochUs: 1_000_000 } } })).not.toBe(base);
  });

  test('that is wrong in many places is told all of them at once', () => {
    const { network, ...rest } = good();
    expect(faultsOf({ ...rest, self: 'one', htpp: 'x', mode: 'fast', network: { ...network, groups: 0, members: [{ id: 1, publicKey: 5 }], raft: { heartbeatMs: 3 } } })).toEqual([
      'htpp: unknown field, did you mean "http"?',
      'self: expected a whole number from 1 to 65535, got "one"',
      'mode: expected one of full, compute, storage, validator, got "fast"',
      'network.groups: expected a whole number from 1 to 256, got 0',
      'network.members[1].addresses: missing, expected a list of addresses',
      'network.members[1].publicKey: expected 64 hexadecimal digits, got 5',
      'network.raft.heartbeatMs: unknown field, did you mean "heartbeatUs"?',
    ]);
  });

  test.each([
    ['duplicate peers', (c: ConfigurationFile) => ({ ...c, network: { ...c.network, members: c.network.members.map((member) => ({ ...member, publicKey: publicKeys[0] })) } }), /members 1 and 2 have the same public key/],
    ['an unknown self', (c: ConfigurationFile) => ({ ...c, self: 9 }), /there is no member 9/],
    ['a bad key of a member', (c: ConfigurationFile) => ({ ...c, network: { ...c.network, members: [{ id: 1, publicKey: 'abc', addresses: [] }] } }), /not 64 lower-case hexadecimal digits/],
    ['a bad address', (c: ConfigurationFile) => ({ ...c, p2p: '127.0.0.1:4000' }), /^p2p: expected an address/],
    ['one address for two', (c: ConfigurationFile) => ({ ...c, network: { ...c.network, members: c.network.members.map((member) => ({ ...member, addresses: ['/ip4/127.0.0.1/tcp/40001'] })) } }), /member 2 has the address .* of another one/],
    ['a bad HTTP place', (c: ConfigurationFile) => ({ ...c, http: 'localhost' }), /^http: expected <host>:<port>/],
    ['a bad parent chain', (c: ConfigurationFile) => ({ ...c, chainRpc: 'ftp://x' }), /^chainRpc: expected a URL/],
    ['timings that cannot work', (c: ConfigurationFile) => ({ ...c, network: { ...c.network, raft: { heartbeatUs: 400_000 } } }), /must be at most half of electionMinUs/],
  ])('with %s is refused in one sentence', (_what, change, sentence) => {
    const faults = faultsOf(change(good()));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatch(sentence);
  });

  test.each([
    ['{"self": 1', /cannot be read as JSON/],
    ['[1]', /holds no configuration/],
  ])('that is %s is no configuration', (content, sentence) => {
    expect(() => readConfiguration(written(content))).toThrow(sentence);
    expect(() => readConfiguration({ config: join(folder, 'missing.json') })).toThrow(/there is none at/);
  });
});

describe('the machine', () => {
  let server: Server;
  let taken = 0;
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    taken = (server.address() as { port: number }).port;
  });
  afterAll(() => void server.close());

  test('has nothing against a good configuration, and is not changed by the question', async () => {
    expect(await machineFaults(good())).toEqual([]);
  });

  test('says of taken ports, a key that is missing and a directory that cannot be made all at once, beside a fault of form', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const wrong = { ...good(), surplus: 1, key: 'none.key', data: join(file, 'data'), http: `127.0.0.1:${taken}`, p2p: `/ip4/127.0.0.1/tcp/${taken}` };
    expect(faultsOf(wrong)).toEqual([expect.stringMatching(/^surplus: unknown field/)]);
    expect(await machineFaults(wrong)).toEqual([
      expect.stringMatching(/^key: there is no key file/),
      expect.stringMatching(/^data: .* cannot be made/),
      `http: port ${taken} on 127.0.0.1 is taken by another process`,
      `p2p: port ${taken} on 127.0.0.1 is taken by another process`,
    ]);
  });

  test('says whose key it is, if it is not this node\'s', async () => {
    expect(await machineFaults({ ...good(), key: '2.key' })).toEqual([expect.stringMatching(/is the key of member 2, and this is member 1/)]);
    const stranger = generateKey(join(folder, 'stranger.key'));
    expect(await machineFaults({ ...good(), key: 'stranger.key' })).toEqual([expect.stringContaining(`${stranger.publicKey}, which is no member's key`)]);
  });

  test('says that a data directory is a file, or in use', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(await machineFaults({ ...good(), data: 'file' })).toEqual([expect.stringMatching(/^data: expected a directory/)]);
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    const lock = new DirectoryLock(locked);
    lock.take();
    expect(await machineFaults({ ...good(), data: 'locked' })).toEqual([expect.stringMatching(/is in use by process/)]);
    lock.release();
  });
});
