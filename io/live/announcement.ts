// What a node tells everybody about itself, by gossip: that it lives, as what, and where it is found. Each announcement is
// signed once by its node; gossipsub adds no signatures of its own. A number that only grows tells the newer of two.

import { decode, encode, type Codec, type Reader, type Writer } from '../../kernel/base/codec.ts';
import { nodeId, type NodeId } from '../../kernel/base/ids.ts';
import type { Micros } from '../../kernel/base/time.ts';
import type { Members } from './members.ts';
import { isSigned, type FileSigner } from './signer.ts';

export const ANNOUNCE_TOPIC = '/lockstep/1/announce';
export const MAX_ANNOUNCEMENT_BYTES = 2_048;
const MAX_ADDRESSES = 8;

export interface Announcement {
  readonly network: string;
  readonly from: NodeId;
  /** Grows with every announcement of a node, also over restarts: its wall clock in microseconds, or one more than before. */
  readonly number: Micros;
  readonly version: string;
  /** What the node says it is doing; for people. */
  readonly status: string;
  readonly addresses: readonly string[];
}

const textCodec: Codec<string> = {
  write: (w: Writer, text: string): void => w.text(text),
  read: (r: Reader): string => r.text(256),
};

const announcementCodec: Codec<Announcement> = {
  write(w: Writer, a: Announcement): void {
    w.array(6);
    w.text(a.network);
    w.uint(a.from);
    w.uint(a.number);
    w.text(a.version);
    w.text(a.status);
    w.list(textCodec, a.addresses);
  },
  read(r: Reader): Announcement {
    r.tuple(6);
    return { network: r.text(128), from: nodeId(r.uint(0xffff)), number: r.uint(), version: r.text(128), status: r.text(256), addresses: r.list(textCodec, MAX_ADDRESSES) };
  },
};

/** A tuple (announcement, signature). */
const sealedCodec: Codec<{ readonly announcement: Announcement; readonly signature: string }> = {
  write(w: Writer, sealed: { readonly announcement: Announcement; readonly signature: string }): void {
    w.array(2);
    announcementCodec.write(w, sealed.announcement);
    w.text(sealed.signature);
  },
  read(r: Reader): { announcement: Announcement; signature: string } {
    r.tuple(2);
    return { announcement: announcementCodec.read(r), signature: r.text(128) };
  },
};

/** The encoding is canonical, so its hexadecimal form is what is signed. The prefix keeps it apart from a hello. */
function signedText(announcement: Announcement): string {
  return `announcement ${Buffer.from(encode(announcementCodec, announcement)).toString('hex')}`;
}

export function sealAnnouncement(announcement: Announcement, signer: FileSigner): Uint8Array {
  const kept = { ...announcement, addresses: announcement.addresses.slice(0, MAX_ADDRESSES) };
  return encode(sealedCodec, { announcement: kept, signature: signer.sign(signedText(kept)) });
}

/** Keeps the newest announcement of each member. Signatures are checked at most `members` times a second. */
export class Announcements {
  private readonly network: string;
  private readonly members: Members;
  private readonly newest: (Announcement | undefined)[] = [];
  private readonly checks: number;
  private tokens: number;
  private filledMs: number = performance.now();

  constructor(network: string, members: Members) {
    this.network = network;
    this.members = members;
    this.checks = Math.max(16, 2 * members.count);
    this.tokens = this.checks;
  }

  of(id: NodeId): Announcement | undefined {
    return this.newest[id];
  }

  /** The announcement if it is news, `old` if it is not, `refused` if it is not what it claims to be. */
  hear(bytes: Uint8Array): Announcement | 'old' | 'refused' {
    const decoded = decode(sealedCodec, bytes, MAX_ANNOUNCEMENT_BYTES);
    if (!decoded.ok) return 'refused';
    const { announcement, signature } = decoded.value;
    if (announcement.network !== this.network || !this.members.has(announcement.from)) return 'refused';
    if (announcement.number <= (this.newest[announcement.from]?.number ?? -1)) return 'old';
    if (!this.spend()) return 'old';
    if (!isSigned(signedText(announcement), signature, this.members.key(announcement.from))) return 'refused';
    this.newest[announcement.from] = announcement;
    return announcement;
  }

  private spend(): boolean {
    const now = performance.now();
    this.tokens = Math.min(this.checks, this.tokens + ((now - this.filledMs) / 1_000) * this.checks);
    this.filledMs = now;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
