// One live node: the loop and its ports, the driver that gives it turns, and what watches and serves it. Here things are joined;
// what each of them does stands in its own file.

import { cpus } from 'node:os';
import { join } from 'node:path';
import { LiveClock } from '../../io/live/clock.ts';
import { LiveDisk, type Unsynced } from '../../io/live/disk.ts';
import { LiveEntropy } from '../../io/live/entropy.ts';
import { LiveNetwork, NETWORK_DEFAULTS } from '../../io/live/network.ts';
import { LiveShadow } from '../../io/live/shadow.ts';
import type { NodeKey } from '../../io/live/signer.ts';
import { MAX_WRITING_BYTES } from '../../io/journal-records.ts';
import { LOOP_DEFAULTS, type LoopOptions } from '../../io/loop-options.ts';
import { Loop, type Phase } from '../../io/loop.ts';
import type { DiskResult, Frame, Observer } from '../../io/ports.ts';
import { clipped } from '../../kernel/base/codec.ts';
import { nodeId } from '../../kernel/base/ids.ts';
import { NEVER, SECOND } from '../../kernel/base/time.ts';
import type { Event } from '../../kernel/event.ts';
import type { Fact } from '../../kernel/fact.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import { HttpServer } from './api/server.ts';
import type { Configuration } from './configuration.ts';
import { Driver } from './driver.ts';
import { Figures } from './figures.ts';
import { Instruments } from './instruments.ts';
import { MeasuredDisk, type DiskMaker } from './measured-disk.ts';
import { Monitors } from './monitors.ts';
import { parametersOf } from './network-definition.ts';
import { Outside } from './outside.ts';
import { Requests } from './requests.ts';
import { Showing, type Look } from './showing.ts';
import { Space } from './space.ts';
import { Standing } from './standing.ts';

export interface About {
  readonly version: string;
  readonly kernel: string;
}

/** What a node tells whoever started it. */
export interface Told {
  /** A line for a person. */
  say(line: string): void;
  /** It has stopped on its own and cannot go on: why, and whether the fault is ours. */
  failed(sentence: string, code: 'refused' | 'disk' | 'poisoned' | 'diverged'): void;
}

/** To check a small batch takes longer than to refold its events: as long as so many. */
const BATCH_EVENTS = 5;
/** Frames and requests come in bursts, as sockets hand them over. A burst of turns is about as long as so many events. */
const GATHER_EVENTS = 128;
/** Of the data directory: where snapshots lie that are sent to others. */
const CONTENT_FOLDER = 'content';
const TICK_MS = 1_000;
const ANNOUNCE_EVERY_TICKS = 10;
/** What is under way when a node stops gets this much longer than the gateway gives it. */
const DRAIN_MARGIN_MS = 1_000;
const PER_CONNECTION = 16;

export class LiveNode {
  readonly configuration: Configuration;
  httpPort = 0;
  private readonly told: Told;
  private readonly loop: Loop;
  private readonly driver: Driver;
  private readonly clock: LiveClock;
  private readonly disk: MeasuredDisk;
  private readonly files: { live: LiveDisk | undefined } = { live: undefined };
  private readonly shadow: LiveShadow;
  private readonly network: LiveNetwork;
  private readonly outside: Outside;
  private readonly requests: Requests;
  private readonly figures: Figures = new Figures();
  private readonly standing: Standing;
  private readonly space: Space;
  private readonly instruments: Instruments;
  private readonly monitors: Monitors;
  private readonly showing: Showing;
  private readonly http: HttpServer;
  private readonly ticker: NodeJS.Timeout;
  private phase: Phase = 'recovering';
  private phaseChanged: (() => void) | undefined;
  private draining = false;
  /** When the batch under way was written; there is one at a time. */
  private batchBegan = 0;
  private ticks = 0;
  /** When the refold, or the snapshot under way, began. */
  private since = 0;

  /** `wrapped`: a disk between the node and its files, such as one that is slow or full. `unsynced`: what the files do with it. */
  constructor(configuration: Configuration, key: NodeKey, about: About, told: Told, wrapped: (files: DiskMaker) => DiskMaker = (files) => files, unsynced: Unsynced = 'write') {
    const self = nodeId(configuration.self);
    const parameters = parametersOf(configuration.network, { gpuPollUs: configuration.gpuPollSeconds * SECOND, followsParent: configuration.chainRpc !== undefined });
    const entropy = new LiveEntropy();
    this.configuration = configuration;
    this.told = told;
    this.instruments = new Instruments(self);
    this.clock = new LiveClock(() => {
      this.loop.alarm();
      this.driver.wake();
    });
    const files: DiskMaker = (completed) => (this.files.live = new LiveDisk(configuration.data, completed, unsynced));
    this.disk = new MeasuredDisk(wrapped(files), (token: number, result: DiskResult) => {
      this.loop.completed(token, result);
      this.driver.wake();
    });
    const options = loopOptions(configuration, parameters, about);
    this.shadow = this.shadowOf(options);
    this.monitors = new Monitors(self, parameters, () => this.clock.now(), (property, violation) => told.say(`VIOLATED ${property}: ${violation.message}`));
    this.network = new LiveNetwork(
      { ...NETWORK_DEFAULTS, network: parameters.network, self, key, members: configuration.network.members, listen: [configuration.p2p], mdns: configuration.mdns, listedOnly: configuration.listedOnly, version: about.version },
      (frame: Frame) => {
        this.loop.heard(frame);
        this.driver.wake();
      },
    );
    this.outside = new Outside(key, join(configuration.data, CONTENT_FOLDER), configuration.chainRpc, {
      answered: (sequence, index, outcome) => {
        this.loop.answered(sequence, index, outcome);
        this.driver.wake();
      },
      parentHead: (number, hash, parent) => {
        this.loop.parentHead(number, hash, parent);
        this.driver.wake();
      },
      say: (line) => told.say(line),
    });
    this.requests = new Requests(
      (request, operation) => {
        if (operation.kind === 'order') this.loop.ordered(request, operation.group, operation.wish);
        else this.loop.asked(request, operation);
        this.driver.wake();
      },
      { inFlight: configuration.limits.inFlight, perConnection: PER_CONNECTION, patienceMs: parameters.decide.giveUpUs / 1_000 + DRAIN_MARGIN_MS },
      entropy.word(),
    );
    this.loop = new Loop(options, {
      network: this.monitors.watching(this.network), clock: this.clock, disk: this.disk, entropy,
      services: {
        call: (sequence, index, request): void => {
          this.monitors.called(sequence, index, request);
          this.outside.call(sequence, index, request);
        },
      },
      clients: this.requests, verifier: this.network.decoder, observer: this.observer(), shadow: { snapshot: (sequence) => this.snapshotDue(sequence) },
    });
    this.driver = new Driver(this.loop, (turns, tookMs) => this.burst(turns, tookMs));
    this.standing = new Standing(() => this.loop.kernel);
    this.space = new Space(configuration.data, configuration.limits.reserveMb);
    this.watch();
    this.showing = new Showing(this.look(about, parameters));
    this.http = new HttpServer(this.requests, this.showing, configuration.limits, about.version);
    this.ticker = setInterval(() => this.tick(), TICK_MS);
  }

  /** Resolves once the node runs: recovered, though perhaps not yet in contact with others. False if it cannot. */
  async start(): Promise<boolean> {
    const { host, port } = this.configuration.http;
    this.httpPort = await this.http.listen(host, port);
    await this.network.start();
    this.since = performance.now();
    this.told.say('refolds its journal');
    this.loop.start();
    this.driver.wake();
    await this.phaseIs('running', 'refused', 'failed');
    await this.space.look();
    return this.phase === 'running';
  }

  /** A clean stop: takes nothing more, answers what is open, seals the journal. */
  async stop(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    await this.http.close(this.configuration.network.decide.giveUpUs / 1_000 + DRAIN_MARGIN_MS);
    if (this.phase === 'recovering') await this.phaseIs('running', 'refused', 'failed');
    this.loop.stop();
    this.driver.wake();
    await this.phaseIs('sealed', 'refused', 'failed');
    await this.end();
  }

  get sealed(): boolean {
    return this.phase === 'sealed';
  }

  /** Lets go of everything without sealing: after a failure. */
  async end(): Promise<void> {
    clearInterval(this.ticker);
    this.draining = true;
    this.driver.end();
    this.clock.wakeAt(NEVER);
    this.requests.expire(0);
    await this.http.close(DRAIN_MARGIN_MS);
    this.space.end();
    this.instruments.end();
    this.outside.end();
    await this.network.stop();
    await this.shadow.end();
    while (this.files.live?.idle === false || !this.outside.idle) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.files.live?.close();
  }

  private tick(): void {
    this.requests.expire();
    this.loop.flush();
    if (this.ticks++ % ANNOUNCE_EVERY_TICKS === 0 && this.phase === 'running') this.network.announce(this.showing.ready().ready ? 'ready' : 'not ready');
  }

  private burst(turns: number, tookMs: number): void {
    this.instruments.burst(turns, tookMs);
    const phase = this.loop.phase;
    if (phase === this.phase) return;
    this.phase = phase;
    this.phaseChanged?.();
    const stopped = this.loop.stopped;
    if (stopped === undefined) return;
    this.told.failed(stopped.text, phase === 'refused' ? 'refused' : stopped.code === 'poisoned' || stopped.code === 'diverged' ? stopped.code : 'disk');
  }

  private async phaseIs(...wanted: Phase[]): Promise<void> {
    while (!wanted.includes(this.phase)) await new Promise<void>((resolve) => (this.phaseChanged = resolve));
  }

  private observer(): Observer {
    return {
      fact: (fact) => this.fact(fact),
      durable: (events, high, low) => this.durable(events, high, low),
      refolded: (sequence, high, low) => {
        this.monitors.refolded(sequence, high, low);
        this.shadow.begin(sequence, high, low);
        this.told.say(`has refolded its journal up to event ${sequence} in ${this.sinceMs()} ms`);
        if (sequence === 0) return this.outside.follow(undefined);
        const image = this.loop.kernel.image();
        this.showing.refolded(image);
        this.outside.follow(image.parent[image.parent.length - 1]?.number);
      },
      snapshotWritten: (sequence) => this.told.say(`has written the snapshot after event ${sequence}, ${this.sinceMs()} ms after it was due`),
    };
  }

  private sinceMs(): number {
    return Math.round(performance.now() - this.since);
  }

  private shadowOf(options: LoopOptions): LiveShadow {
    const { self, version, engine, parameters } = options;
    return new LiveShadow(this.configuration.data, { network: parameters.network, self, version, engine }, {
      imaged: (sequence, chunk) => {
        this.loop.imaged(sequence, chunk);
        this.driver.wake();
      },
      agreed: (sequence) => this.monitors.shadowed(sequence, true),
      differed: (sequence, text) => {
        this.monitors.shadowed(sequence, false);
        this.loop.differed(text);
        this.driver.wake();
      },
    });
  }

  private snapshotDue(sequence: number): void {
    this.since = performance.now();
    this.told.say(`takes a snapshot after event ${sequence}`);
    this.shadow.snapshot(sequence);
  }

  private durable(events: readonly Event[], high: number, low: number): void {
    this.instruments.durable(events.length, performance.now() - this.batchBegan);
    this.monitors.durable(events, high, low);
    this.shadow.durable((events[events.length - 1] as Event).sequence);
  }

  private fact(fact: Fact): void {
    this.showing.fact(fact);
    if (fact.kind === 'decided') this.figures.decide();
    const line = lineOf(fact);
    if (line !== undefined) this.told.say(line);
    if (fact.kind === 'refusedByPeer') this.told.failed(`node ${fact.peer} remembers that this one was further: its data is an old copy. Start it again as it is: it then begins another life, learns first, and gets its seats back.`, 'refused');
  }

  private watch(): void {
    this.disk.synced = (tookMs) => this.instruments.synced(tookMs);
    this.disk.writing = (token) => {
      this.batchBegan = performance.now();
      this.standing.writing(token);
    };
    this.disk.written = this.standing.written;
    this.requests.watched = (request, answer, isDecide, tookMs) => {
      this.monitors.replied(request, answer);
      this.instruments.answered(answer, isDecide, tookMs);
      this.figures.answer(tookMs);
    };
  }

  private look(about: About, parameters: Parameters): Look {
    return {
      about, parameters, mode: this.configuration.mode, self: this.configuration.self,
      loop: this.loop, requests: this.requests, figures: this.figures, standing: this.standing, space: this.space, disk: this.disk, shadow: this.shadow,
      network: this.network, instruments: this.instruments, monitors: this.monitors, isDraining: () => this.draining,
    };
  }
}

function loopOptions(configuration: Configuration, parameters: Parameters, about: About): LoopOptions {
  const engine = clipped(`node ${process.versions.node}, v8 ${process.versions.v8}, ${process.arch}, ${cpus()[0]?.model ?? 'unknown processor'}`, MAX_WRITING_BYTES);
  return { ...LOOP_DEFAULTS, snapshotEvery: configuration.limits.snapshotEvery, snapshotBatches: Math.ceil(configuration.limits.snapshotEvery / BATCH_EVENTS), gatherEvents: GATHER_EVENTS, self: nodeId(configuration.self), parameters, version: about.kernel, engine, rejoins: configuration.rejoin };
}

/** What a person wants to read as it happens. */
function lineOf(fact: Fact): string | undefined {
  switch (fact.kind) {
    case 'becameLeader':
      return `leads group ${fact.group} in term ${fact.term}`;
    case 'steppedDown':
      return `no longer leads group ${fact.group} (term ${fact.term}: ${fact.why === 'noQuorum' ? 'no majority answers' : fact.why === 'removed' ? 'it is no member any more' : fact.why === 'newLife' ? 'another life begins' : 'another term began'})`;
    case 'handingOver':
      return `asks node ${fact.to} to lead group ${fact.group}`;
    case 'configured':
      return `group ${fact.group} has the voters ${fact.configuration.voters.map((seat) => seat.node).join(', ')}${fact.configuration.outgoing.length > 0 ? `, and while it changes also ${fact.configuration.outgoing.map((seat) => seat.node).join(', ')}` : ''}${fact.configuration.learners.length > 0 ? `; learning: ${fact.configuration.learners.map((seat) => seat.node).join(', ')}` : ''}`;
    case 'snapshotResumed':
      return `goes on with a snapshot of group ${fact.group} of which it has ${fact.received} bytes`;
    case 'contentDamaged':
      return `refuses a snapshot of group ${fact.group}: what arrived is damaged`;
    case 'contentLost':
      return `makes a new snapshot of group ${fact.group}: the last one is ${fact.why === 'missing' ? 'missing from' : 'damaged in'} its content store`;
    case 'snapshotInstalled':
      return `got a snapshot of group ${fact.group} up to ${fact.index}`;
    case 'peerRefused':
      return `refuses node ${fact.peer}: ${fact.why === 'cameBackOlder' ? 'it came back older than it was' : fact.why === 'olderIncarnation' ? 'it speaks from an earlier life' : 'two machines use its key and journal'}`;
    case 'refusedByPeer':
      return `is refused by node ${fact.peer}, because it forgot something it had said`;
    case 'groupHalted':
      return `cannot apply entry ${fact.index} of group ${fact.group}: it takes no part in that group any more`;
    case 'refusalIgnored':
      return `ignores a refusal by node ${fact.peer}, which shows nothing that this node forgot`;
    case 'parentRefused':
      return `refuses block ${fact.number} of the parent chain (${fact.why})`;
    case 'gpuLost':
      return `lost GPU ${fact.device}`;
    case 'gpuFound':
      return `found GPU ${fact.device} (${fact.memoryMb} MB)`;
    default:
      return undefined;
  }
}
