// Who may connect. A connection whose key is no member's ends after the handshake; a host that keeps bringing such keys is
// refused before it, because a handshake costs a millisecond of ours. Hosts of members are never refused unheard: an attacker
// behind the same address must not shut a member out.

import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Drops } from './drops.ts';
import type { Members } from './members.ts';

const UNKNOWN_PER_HOST = 8;
const BAN_MS = 60_000;
const MAX_HOSTS = 1_024;

interface Host {
  unknown: number;
  untilMs: number;
}

export class Gate implements ConnectionGater {
  private readonly members: Members;
  private readonly drops: Drops;
  private readonly hosts: Map<string, Host> = new Map();
  private readonly trusted: Set<string> = new Set();
  private readonly listedOnly: boolean;

  /** `listedOnly`: members are dialled where the list says, and nowhere else, whatever they tell of themselves. */
  constructor(members: Members, drops: Drops, listedOnly = false) {
    this.members = members;
    this.drops = drops;
    this.listedOnly = listedOnly;
  }

  /** A member is found at this address. */
  trust(address: string): void {
    if (this.trusted.size < MAX_HOSTS) this.trusted.add(hostOf(address));
  }

  trusts(host: string): boolean {
    return this.trusted.has(host.replace(/^::ffff:/, ''));
  }

  denyDialPeer = (peer: PeerId): boolean => this.members.idOf(peer) === undefined;

  /** libp2p refuses private addresses here by default in some surroundings; ours are private more often than not. */
  denyDialMultiaddr = (address: { toString(): string }): boolean => this.listedOnly && !this.members.isListed(address.toString());

  denyInboundConnection = (connection: MultiaddrConnection): boolean => {
    const address = hostOf(connection.remoteAddr.toString());
    const host = this.hosts.get(address);
    if (host === undefined || host.unknown < UNKNOWN_PER_HOST || this.trusted.has(address)) return false;
    if (performance.now() < host.untilMs) {
      this.drops.count('bannedHost');
      return true;
    }
    this.hosts.delete(address);
    return false;
  };

  denyInboundEncryptedConnection = (peer: PeerId, connection: MultiaddrConnection): boolean => {
    const address = hostOf(connection.remoteAddr.toString());
    if (this.members.idOf(peer) !== undefined) {
      this.trust(connection.remoteAddr.toString());
      return false;
    }
    this.drops.count('unknownPeer');
    let host = this.hosts.get(address);
    if (host === undefined) {
      if (this.hosts.size >= MAX_HOSTS) this.hosts.delete(this.hosts.keys().next().value as string);
      host = { unknown: 0, untilMs: 0 };
      this.hosts.set(address, host);
    }
    host.unknown++;
    host.untilMs = performance.now() + BAN_MS;
    return true;
  };
}

/** `/ip4/10.0.0.7/tcp/4001/...` is on host `10.0.0.7`. */
function hostOf(address: string): string {
  return address.split('/')[2] ?? address;
}
