// Somebody who has listened: the bytes of a whole conversation with a node, handshake and frames, are sent to it again and again,
// on new connections. What was valid once must mean nothing a second time. The conversation is the attacker's own, recorded by
// a relay between it and the node: what members say to each other goes through no hands of his. That a member does not believe
// its peer's old frames either is a matter of incarnations, and of tests.

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { UnknownPeer } from './unknown-keys.ts';
import type { Target } from './plan.ts';

const CONNECTIONS = 4;
const PAUSE_MS = 50;
/** A refused handshake takes no longer; what has come by then is what is sent again. */
const RECORDED_MS = 1_500;
const MAX_RECORDED = 1 << 20;

export class OldFrames {
  attempts = 0;

  async begin(targets: readonly Target[]): Promise<void> {
    const recordings = await Promise.all(targets.map(recorded));
    targets.forEach((target, place) => {
      const bytes = recordings[place] as Buffer;
      if (bytes.length > 0) for (let i = 0; i < CONNECTIONS; i++) this.repeat(target, bytes);
    });
  }

  private repeat(target: Target, bytes: Buffer): void {
    const socket = connect({ host: target.host, port: target.port }, () => {
      this.attempts++;
      socket.write(bytes);
    });
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.on('close', () => setTimeout(() => this.repeat(target, bytes), PAUSE_MS));
  }
}

/** What a peer of its own says to the node, as it goes over the wire. */
async function recorded(target: Target): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const sockets: Socket[] = [];
  const relay = createServer((near) => {
    const far = connect(target.port, target.host);
    sockets.push(near, far);
    near.on('data', (piece) => {
      if (length + piece.length <= MAX_RECORDED) pieces.push(piece);
      length += piece.length;
      far.write(piece);
    });
    far.on('data', (piece) => near.write(piece));
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on('error', () => undefined);
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((listening) => relay.listen(0, '127.0.0.1', listening));
  const peer = await UnknownPeer.make();
  await peer.attempt({ host: '127.0.0.1', port: (relay.address() as AddressInfo).port }, RECORDED_MS);
  await peer.stop();
  relay.close();
  for (const socket of sockets) socket.destroy();
  return Buffer.concat(pieces);
}
