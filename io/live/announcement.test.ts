import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MultiaddrConnection, PeerId } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { afterAll, expect, test } from 'vitest';
import { nodeId } from '../../kernel/base/ids.ts';
import { Announcements, sealAnnouncement, type Announcement } from './announcement.ts';
import { Drops } from './drops.ts';
import { Gate } from './gate.ts';
import { Members } from './members.ts';
import { FileSigner, generateKey, loadKey, type NodeKey } from './signer.ts';

const directory = mkdtempSync(join(tmpdir(), 'lockstep-announcements-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const keys: NodeKey[] = ['1', '2', 'stranger'].map((name) => {
  generateKey(join(directory, name));
  return loadKey(join(directory, name));
});
const [one, two, stranger] = keys as [NodeKey, NodeKey, NodeKey];
const members = new Members([one, two].map((key, place) => ({ id: place + 1, publicKey: key.publicKey, addresses: [] })));

const saying = (from: number, number: number, network = 'net'): Announcement => ({
  network, from: nodeId(from), number, version: '1.0.0', status: 'running', addresses: ['/ip4/10.0.0.1/tcp/4001'],
});

test('an announcement is heard once, and only if it is newer than the last', () => {
  const announcements = new Announcements('net', members);
  const bytes = sealAnnouncement(saying(1, 5), new FileSigner(one));
  expect(announcements.hear(bytes)).toEqual(saying(1, 5));
  expect(announcements.hear(bytes)).toBe('old');
  expect(announcements.hear(sealAnnouncement(saying(1, 4), new FileSigner(one)))).toBe('old');
  expect(announcements.hear(sealAnnouncement(saying(1, 6), new FileSigner(one)))).toEqual(saying(1, 6));
  expect(announcements.of(nodeId(1))?.number).toBe(6);
});

test('an announcement in the name of another, of another network, of a stranger, or changed under way is refused', () => {
  const announcements = new Announcements('net', members);
  expect(announcements.hear(sealAnnouncement(saying(1, 5), new FileSigner(two)))).toBe('refused');
  expect(announcements.hear(sealAnnouncement(saying(3, 5), new FileSigner(stranger)))).toBe('refused');
  expect(announcements.hear(sealAnnouncement(saying(1, 5, 'other'), new FileSigner(one)))).toBe('refused');
  const bytes = sealAnnouncement(saying(1, 5), new FileSigner(one));
  for (let place = 0; place < bytes.length; place++) {
    const changed = bytes.slice();
    changed[place] = (changed[place] as number) ^ 1;
    expect(announcements.hear(changed)).not.toMatchObject({ from: 1 });
  }
  expect(announcements.of(nodeId(1))).toBeUndefined();
});

test('forged announcements do not buy more signature checks than a few a second', () => {
  const announcements = new Announcements('net', members);
  const verdicts = Array.from({ length: 200 }, (_, n) => announcements.hear(sealAnnouncement(saying(1, n + 1), new FileSigner(two))));
  expect(verdicts.filter((verdict) => verdict === 'refused').length).toBeLessThan(60);
});

test('a host that keeps bringing unknown keys is refused unheard, but never the host of a member', () => {
  const drops = new Drops();
  const gate = new Gate(members, drops);
  const from = (host: string): MultiaddrConnection => ({ remoteAddr: multiaddr(`/ip4/${host}/tcp/999`) }) as MultiaddrConnection;
  const unknown = new Members([{ id: 1, publicKey: stranger.publicKey, addresses: [] }]).peer(nodeId(1));
  const bring = (peer: PeerId, host: string): boolean => gate.denyInboundEncryptedConnection(peer, from(host));
  expect(bring(members.peer(nodeId(1)), '10.0.0.1')).toBe(false);
  for (let n = 0; n < 20; n++) for (const host of ['10.0.0.1', '10.0.0.9']) expect(bring(unknown, host)).toBe(true);
  expect(gate.denyInboundConnection(from('10.0.0.9'))).toBe(true);
  expect(gate.denyInboundConnection(from('10.0.0.1'))).toBe(false);
  expect(gate.denyInboundConnection(from('10.0.0.2'))).toBe(false);
  expect(drops.all()).toMatchObject({ unknownPeer: 40, bannedHost: 1 });
  expect(gate.denyDialPeer(unknown)).toBe(true);
});
