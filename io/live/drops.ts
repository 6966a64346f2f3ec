// What the transport refused, lost or held back, by reason: the numbers behind /metrics and the tests.

export const DROP_REASONS = [
  /** Sending: the peer reads more slowly than we send, or is away. */
  'outboxFull', 'peerAway',
  /** Sending: larger than a frame may be. */
  'tooLarge',
  /** Receiving: a claimed length that no frame has; the stream ended. */
  'oversized',
  /** Receiving: a frame that never came to its end. */
  'truncated',
  /** Receiving: bytes that are no frame. */
  'garbage',
  /** Receiving: in the name of another node than the one whose key the connection proved. */
  'forged',
  /** Receiving: for another node. */
  'misdirected',
  /** Receiving: a signature that is not good. */
  'unsigned',
  /** Connections that came to nothing before they could be used: no handshake, a key of no member, or too many at once. */
  'handshake',
  /** Of these, keys that are no member's; and streams of such keys. */
  'unknownPeer',
  /** Connections refused unheard, because too many came from hosts where no member is known to be found. */
  'crowd',
  /** Connections refused unheard, because their host had brought too many unknown keys. */
  'bannedHost',
  /** Streams ended because they had brought too much that was refused. */
  'hostilePeer',
  /** Announcements that were malformed, unsigned, or older than one already heard. */
  'announcement',
] as const;

export type TransportDrop = (typeof DROP_REASONS)[number];

export class Drops {
  private readonly counts: Map<TransportDrop, number> = new Map(DROP_REASONS.map((why) => [why, 0]));

  count(why: TransportDrop, by = 1): void {
    this.counts.set(why, (this.counts.get(why) as number) + by);
  }

  of(why: TransportDrop): number {
    return this.counts.get(why) as number;
  }

  all(): Readonly<Record<TransportDrop, number>> {
    return Object.fromEntries(this.counts) as Record<TransportDrop, number>;
  }
}
