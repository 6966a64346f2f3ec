// The member list of a network, as the transport needs it: which key speaks for which node, and where it may be found.

import type { KeyObject } from 'node:crypto';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { assert } from '../../kernel/base/assert.ts';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import { verifyingKey } from './signer.ts';

export interface Member {
  readonly id: number;
  /** Ed25519, 32 bytes, hexadecimal. */
  readonly publicKey: string;
  /** Multiaddrs such as `/ip4/10.0.0.7/tcp/4001`; more may be discovered. */
  readonly addresses: readonly string[];
}

/** Everything that is wrong with a list, one sentence each. */
export function memberFaults(members: readonly Member[]): string[] {
  const faults: string[] = [];
  const keys = new Map<string, number>();
  members.forEach((member, place) => {
    if (member.id !== place + 1) faults.push(`member ${place + 1} has the id ${member.id}; ids run from 1 in the order of the list`);
    if (!/^[0-9a-f]{64}$/.test(member.publicKey)) faults.push(`the public key of member ${member.id} is not 64 lower-case hexadecimal digits`);
    const twin = keys.get(member.publicKey);
    if (twin !== undefined) faults.push(`members ${twin} and ${member.id} have the same public key`);
    keys.set(member.publicKey, member.id);
    for (const address of member.addresses) if (!isAddress(address)) faults.push(`member ${member.id}: "${address}" is no address; expected /ip4/<address>/tcp/<port> or the like`);
  });
  return faults;
}

export function isAddress(text: string): boolean {
  try {
    return /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+$/.test(text) && multiaddr(text).getComponents().length >= 2;
  } catch {
    return false;
  }
}

interface Known {
  readonly id: NodeId;
  readonly peer: PeerId;
  readonly key: KeyObject;
  readonly addresses: readonly string[];
}

export class Members {
  /** By node id; place 0 is unused. */
  private readonly known: (Known | undefined)[] = [undefined];
  private readonly ids: Map<string, NodeId> = new Map();

  constructor(members: readonly Member[]) {
    const fault = memberFaults(members)[0];
    assert(fault === undefined, fault ?? '');
    for (const member of members) {
      const id = nodeId(member.id);
      const peer = peerIdFromPublicKey(publicKeyFromRaw(Buffer.from(member.publicKey, 'hex')));
      this.known[id] = { id, peer, key: verifyingKey(member.publicKey), addresses: member.addresses };
      this.ids.set(peer.toString(), id);
    }
  }

  get count(): number {
    return this.known.length - 1;
  }

  /** Whose key a connection has proved; undefined: nobody's we know. */
  idOf(peer: PeerId): NodeId | undefined {
    return this.ids.get(peer.toString());
  }

  peer(id: NodeId): PeerId {
    return this.of(id).peer;
  }

  key(id: NodeId): KeyObject {
    return this.of(id).key;
  }

  addresses(id: NodeId): readonly string[] {
    return this.of(id).addresses;
  }

  /** Whether the list names this address for some member. */
  isListed(address: string): boolean {
    const place = address.replace(/\/p2p\/[^/]+$/, '');
    return this.known.some((member) => member?.addresses.includes(place) === true);
  }

  has(id: number): boolean {
    return this.known[id] !== undefined;
  }

  private of(id: NodeId): Known {
    const known = this.known[id];
    assert(known !== undefined, 'a peer is a member');
    return known;
  }
}
