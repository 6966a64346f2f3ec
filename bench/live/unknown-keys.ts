// Peers that speak libp2p perfectly and are members of nothing: each makes a handshake under a key of its own, and would send
// well-formed frames on the stream it asks for.

import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { FRAMES_PROTOCOL } from '../../io/live/outbound.ts';
import type { Target } from './plan.ts';

const PEERS = 8;
const ATTEMPT_MS = 3_000;
const PAUSE_MS = 20;

export class UnknownPeer {
  private readonly peer: Libp2p;

  private constructor(peer: Libp2p) {
    this.peer = peer;
  }

  static async make(): Promise<UnknownPeer> {
    return new UnknownPeer(await createLibp2p({
      privateKey: await generateKeyPair('Ed25519'), transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], connectionMonitor: { enabled: false },
    }));
  }

  /** Asks for the stream of frames, and sends something on it. */
  async attempt({ host, port }: Target, patienceMs: number): Promise<void> {
    try {
      const stream = await this.peer.dialProtocol(multiaddr(`/ip4/${host}/tcp/${port}`), FRAMES_PROTOCOL, { signal: AbortSignal.timeout(patienceMs) });
      stream.send(Buffer.from('\x00\x00\x00\x04\x96\x01\x02\x03', 'latin1'));
      stream.abort(new Error('again'));
    } catch {
      // Refused, as it should be.
    }
  }

  async stop(): Promise<void> {
    await this.peer.stop();
  }
}

export class UnknownKeys {
  attempts = 0;

  async begin(targets: readonly Target[]): Promise<void> {
    for (let i = 0; i < PEERS; i++) void this.insist(await UnknownPeer.make(), targets[i % targets.length] as Target);
  }

  private async insist(peer: UnknownPeer, target: Target): Promise<void> {
    for (;;) {
      this.attempts++;
      await peer.attempt(target, ATTEMPT_MS);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
