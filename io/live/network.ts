// The network over libp2p: TCP, noise and yamux below, one long-lived stream per direction and peer for frames, gossipsub for
// announcements, a static list and mDNS for discovery. The key a connection proves decides which node speaks on it. Nothing
// here is reliable, and nothing waits: what cannot be sent or may not be heard is dropped and counted (drops.ts).

import type { Libp2p, PeerId, Stream } from '@libp2p/interface';
import { gossipsub, StrictNoSign, TopicValidatorResult, type GossipSub } from '@libp2p/gossipsub';
import { identify, type Identify } from '@libp2p/identify';
import { mdns } from '@libp2p/mdns';
import { noise } from '@libp2p/noise';
import { ping, type Ping } from '@libp2p/ping';
import { corkedTcp } from './corked-tcp.ts';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { Writer } from '../../kernel/base/codec.ts';
import type { NodeId } from '../../kernel/base/ids.ts';
import { sha256 } from '../../kernel/base/hash.ts';
import { frameCodec, MAX_FRAME_BYTES } from '../frame.ts';
import type { Frame, Network } from '../ports.ts';
import { ANNOUNCE_TOPIC, Announcements, MAX_ANNOUNCEMENT_BYTES, sealAnnouncement, type Announcement } from './announcement.ts';
import { FrameDecoder, type Verified } from './decoder.ts';
import { Door } from './door.ts';
import { Drops } from './drops.ts';
import { Gate } from './gate.ts';
import { Inbound, type Share } from './inbound.ts';
import { isAddress, Members, type Member } from './members.ts';
import { FRAMES_PROTOCOL, Outbound, type OutboundOptions } from './outbound.ts';
import { FileSigner, type NodeKey } from './signer.ts';

export interface LiveNetworkOptions {
  /** The network's hash, which signatures cover. */
  readonly network: string;
  readonly self: NodeId;
  readonly key: NodeKey;
  readonly members: readonly Member[];
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[];
  readonly mdns: boolean;
  /** Dial members at their listed addresses only: what stands between them must not be gone around. */
  readonly listedOnly: boolean;
  readonly version: string;
  readonly maxFrameBytes: number;
  readonly share: Share;
  readonly outbound: OutboundOptions;
}

export const NETWORK_DEFAULTS: Pick<LiveNetworkOptions, 'mdns' | 'listedOnly' | 'maxFrameBytes' | 'share' | 'outbound'> = {
  mdns: false,
  listedOnly: false,
  maxFrameBytes: MAX_FRAME_BYTES,
  share: { framesPerSecond: 200_000, bytesPerSecond: 128 * 1024 * 1024 },
  outbound: {
    outbox: { frames: 8_192, bytes: 4 * 1024 * 1024 },
    keptWhileAway: 64,
    backoffMs: { least: 50, most: 2_000 },
    dialTimeoutMs: 3_000,
    stalledMs: 10_000,
  },
};

/** What a person is told when the network cannot start. */
export class NetworkFault extends Error {
  override readonly name = 'NetworkFault';
}

export interface PeerState {
  readonly id: NodeId;
  /** We can speak to it; it speaks to us. */
  readonly out: boolean;
  readonly in: boolean;
  readonly framesOut: number;
  readonly writesOut: number;
  readonly framesIn: number;
  readonly waitingBytes: number;
  readonly reconnects: number;
  readonly throttled: number;
}

type Services = { identify: Identify; ping: Ping; pubsub: GossipSub };

export class LiveNetwork implements Network {
  readonly drops: Drops = new Drops();
  readonly decoder: FrameDecoder;

  private readonly options: LiveNetworkOptions;
  private readonly members: Members;
  private readonly heard: (frame: Verified<Frame>) => void;
  private readonly announced: (announcement: Announcement) => void;
  private readonly announcements: Announcements;
  private readonly gate: Gate;
  private readonly door: Door;
  private readonly signer: FileSigner;
  private readonly writer: Writer = new Writer();
  private readonly outbound: (Outbound | undefined)[] = [];
  private readonly inbound: (Inbound | undefined)[] = [];
  private readonly shunnedUntilMs: number[] = [];
  private node: Libp2p<Services> | undefined = undefined;
  private watcher: NodeJS.Timeout | undefined = undefined;
  private lastAnnounced = 0;

  constructor(options: LiveNetworkOptions, heard: (frame: Verified<Frame>) => void, announced: (announcement: Announcement) => void = () => undefined) {
    this.options = options;
    this.heard = heard;
    this.announced = announced;
    this.members = new Members(options.members);
    this.decoder = new FrameDecoder(options.network, options.self, this.members, options.maxFrameBytes);
    this.announcements = new Announcements(options.network, this.members);
    this.gate = new Gate(this.members, this.drops, options.listedOnly);
    this.door = new Door((host) => this.gate.trusts(host), () => this.drops.count('crowd'));
    this.signer = new FileSigner(options.key);
  }

  async start(): Promise<void> {
    const node = await this.create();
    this.node = node;
    await node.handle(FRAMES_PROTOCOL, (stream, connection) => this.opened(stream, connection.remotePeer), { maxInboundStreams: 4, maxOutboundStreams: 4 });
    this.listenForAnnouncements(node.services.pubsub);
    node.addEventListener('peer:connect', (event) => this.seen(event.detail));
    node.addEventListener('peer:discovery', (event) => this.seen(event.detail.id));
    try {
      await node.start();
    } catch (error) {
      await node.stop();
      throw new NetworkFault(`cannot listen on ${this.options.listen.join(', ')} (${reasonOf(error)}); is the port taken, or the address not of this machine?`);
    }
    node.services.pubsub.subscribe(ANNOUNCE_TOPIC);
    for (let id = 1; id <= this.members.count; id++) if (id !== this.options.self) this.reach(node, id as NodeId);
    this.watcher = setInterval(() => {
      const now = performance.now();
      for (const link of this.outbound) link?.watch(now);
    }, 1_000);
    this.watcher.unref();
  }

  private create(): Promise<Libp2p<Services>> {
    const { key, listen, network, version } = this.options;
    const tag = `lockstep-${sha256(network).slice(0, 16)}.local`;
    return createLibp2p<Services>({
      start: false,
      privateKey: key.transportKey,
      nodeInfo: { name: 'lockstep', version, userAgent: `lockstep/${version}` },
      addresses: { listen: [...listen] },
      // A handshake that is not finished within three seconds makes room for another.
      transports: [corkedTcp({ maxConnections: 4 * this.members.count + 64 }, this.door, () => this.drops.count('handshake'))],
      connectionEncrypters: [noise()],
      // A window of 256 KiB bounds what a peer can make us hold, and a slow peer us.
      streamMuxers: [yamux({ maxInboundStreams: 32, maxOutboundStreams: 32, streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW, maxReadBufferLength: 2 * WINDOW } })],
      connectionGater: this.gate,
      connectionManager: { maxConnections: 4 * this.members.count + 16, inboundConnectionThreshold: 32, maxIncomingPendingConnections: 32, inboundUpgradeTimeout: 3_000, dialTimeout: 3_000, reconnectRetries: 0 },
      connectionMonitor: { pingInterval: 2_000, pingTimeout: { minTimeout: 5_000 } },
      peerDiscovery: this.options.mdns ? [mdns({ serviceTag: tag, interval: 10_000 })] : [],
      services: {
        identify: identify(),
        ping: ping({ maxInboundStreams: 4, maxOutboundStreams: 4 }),
        pubsub: gossipsub({
          globalSignaturePolicy: StrictNoSign,
          allowPublishToZeroTopicPeers: true,
          allowedTopics: [ANNOUNCE_TOPIC],
          maxInboundDataLength: 64 * 1024,
          maxOutboundBufferSize: 256 * 1024,
        }),
      },
    });
  }

  private reach(node: Libp2p<Services>, id: NodeId): void {
    const peer = this.members.peer(id);
    const addresses = this.members.addresses(id);
    for (const address of addresses) this.gate.trust(address);
    const link = new Outbound(node, peer, addresses.map((address) => multiaddr(address)), this.options.outbound, this.drops);
    this.outbound[id] = link;
    link.connect();
  }

  send(frame: Frame): void {
    const link = this.outbound[frame.to];
    if (link === undefined) return this.drops.count('peerAway');
    this.writer.clear();
    frameCodec.write(this.writer, frame);
    if (this.writer.length > this.options.maxFrameBytes) return this.drops.count('tooLarge');
    // A hello opens a conversation and is repeated no sooner than a second later: it is not dropped for others.
    link.send(this.writer.bytes(), frame.message.kind !== 'hello');
  }

  /** A peer speaks to us. The newest of its streams counts: an older one is a connection it has given up. */
  private opened(stream: Stream, peer: PeerId): void {
    const id = this.members.idOf(peer);
    if (id === undefined || id === this.options.self) {
      this.drops.count('unknownPeer');
      return stream.abort(new Error('not a member'));
    }
    if (performance.now() < (this.shunnedUntilMs[id] ?? 0)) {
      this.drops.count('hostilePeer');
      return stream.abort(new Error('not so soon after what was sent last'));
    }
    this.inbound[id]?.end('a newer stream took its place');
    const inbound = new Inbound(stream, id, this.decoder, this.options.maxFrameBytes, this.options.share, this.drops, this.heard);
    this.inbound[id] = inbound;
    stream.addEventListener('close', () => {
      if (inbound.hostile) this.shunnedUntilMs[id] = performance.now() + SHUN_MS;
      if (this.inbound[id] === inbound) this.inbound[id] = undefined;
    });
    this.outbound[id]?.connect();
  }

  private seen(peer: PeerId): void {
    const id = this.members.idOf(peer);
    if (id !== undefined) this.outbound[id]?.connect();
  }

  private listenForAnnouncements(pubsub: GossipSub): void {
    pubsub.topicValidators.set(ANNOUNCE_TOPIC, (_peer, message) => {
      if (message.data.length > MAX_ANNOUNCEMENT_BYTES) return this.refuse();
      const heard = this.announcements.hear(message.data);
      if (heard === 'refused') return this.refuse();
      if (heard === 'old') return TopicValidatorResult.Ignore;
      this.learn(heard).catch(() => undefined);
      this.announced(heard);
      return TopicValidatorResult.Accept;
    });
  }

  private refuse(): TopicValidatorResult {
    this.drops.count('announcement');
    return TopicValidatorResult.Reject;
  }

  /** Where a member says it can be found. */
  private async learn(announcement: Announcement): Promise<void> {
    if (announcement.from === this.options.self || this.node === undefined) return;
    const addresses = announcement.addresses.filter((address) => isAddress(address));
    if (addresses.length > 0) await this.node.peerStore.merge(this.members.peer(announcement.from), { multiaddrs: addresses.map((address) => multiaddr(address)) });
  }

  /** Tells everybody how this node is. */
  announce(status: string): void {
    const node = this.node;
    if (node === undefined) return;
    const { network, self, version } = this.options;
    this.lastAnnounced = Math.max(this.lastAnnounced + 1, Date.now() * 1_000);
    const bytes = sealAnnouncement({ network, from: self, number: this.lastAnnounced, version, status, addresses: this.addresses() }, this.signer);
    // Nobody may be listening yet, and the next announcement follows anyway.
    node.services.pubsub.publish(ANNOUNCE_TOPIC, bytes).catch(() => undefined);
  }

  /** Where this node listens, without its peer id. */
  addresses(): string[] {
    return (this.node?.getMultiaddrs() ?? []).map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ''));
  }

  peers(): PeerState[] {
    const states: PeerState[] = [];
    for (let place = 1; place <= this.members.count; place++) {
      const id = place as NodeId;
      const link = this.outbound[id];
      if (link === undefined) continue;
      const stream = this.inbound[id];
      states.push({
        id, out: link.open, in: stream !== undefined, framesOut: link.frames, writesOut: link.writes, framesIn: stream?.frames ?? 0,
        waitingBytes: link.waitingBytes, reconnects: link.reconnects, throttled: stream?.throttled ?? 0,
      });
    }
    return states;
  }

  announcement(id: NodeId): Announcement | undefined {
    return this.announcements.of(id);
  }

  async stop(): Promise<void> {
    const node = this.node;
    if (node === undefined) return;
    this.node = undefined;
    clearInterval(this.watcher);
    for (const link of this.outbound) link?.stop();
    for (const stream of this.inbound) stream?.end('the node stops');
    await node.stop();
  }
}

const WINDOW: number = 256 * 1024;
/** A member whose stream was ended for what it sent is not heard again for so long. */
const SHUN_MS = 5_000;

function reasonOf(error: unknown): string {
  const found = /EADDRINUSE|EADDRNOTAVAIL|EACCES/.exec(error instanceof Error ? `${error.message} ${String(error.cause ?? '')} ${errorsOf(error)}` : String(error));
  return found?.[0] ?? (error instanceof Error ? error.message.split('\n')[0] ?? error.name : String(error));
}

function errorsOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join(' ') : '';
}
