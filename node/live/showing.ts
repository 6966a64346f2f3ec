// What a node shows of itself: health, readiness, status, metrics. Everything here is read when somebody asks.

import type { LiveNetwork, PeerState } from '../../io/live/network.ts';
import type { LiveShadow } from '../../io/live/shadow.ts';
import type { Loop } from '../../io/loop.ts';
import type { Fact } from '../../kernel/fact.ts';
import type { KernelImage } from '../../kernel/image.ts';
import type { Parameters } from '../../kernel/parameters.ts';
import type { Health, Ready, Status } from './api/schemas.ts';
import { TURNED_AWAY, type Shown, type TurnedAway } from './api/server.ts';
import type { Figures } from './figures.ts';
import type { Instruments, Read } from './instruments.ts';
import type { MeasuredDisk } from './measured-disk.ts';
import type { Monitors } from './monitors.ts';
import type { Requests } from './requests.ts';
import type { Space } from './space.ts';
import type { Standing } from './standing.ts';

export interface Look {
  readonly self: number;
  readonly mode: string;
  readonly about: { readonly version: string; readonly kernel: string };
  readonly parameters: Parameters;
  readonly loop: Loop;
  readonly requests: Requests;
  readonly figures: Figures;
  readonly standing: Standing;
  readonly space: Space;
  readonly disk: MeasuredDisk;
  readonly network: LiveNetwork;
  readonly shadow: LiveShadow;
  readonly instruments: Instruments;
  readonly monitors: Monitors;
  isDraining(): boolean;
}

/** A sync that takes longer makes the node unfit to serve until it is done. */
const SLOW_SYNC_MS = 2_000;
const RENDER_EVERY_MS = 200;

export class Showing implements Shown {
  readonly metricsType: string;
  private readonly look: Look;
  private readonly since = performance.now();
  private readonly turned = Object.fromEntries(TURNED_AWAY.map((why) => [why, 0])) as Record<TurnedAway, number>;
  /** By group: the newest epoch that is known to be durable here. */
  private readonly epochs: number[] = [];
  private rendered: { readonly untilMs: number; readonly text: Promise<string> } = { untilMs: 0, text: Promise.resolve('') };

  constructor(look: Look) {
    this.look = look;
    this.metricsType = look.instruments.registry.contentType;
    look.instruments.reads(readings(look, this.turned));
  }

  /** Where the journal ended when the process started. */
  refolded(image: KernelImage): void {
    const all = [...image.parameters.groups].sort((a, b) => a.id - b.id);
    all.forEach((group, place) => (this.epochs[group.id] = image.groups[place]?.machine.epoch ?? 0));
  }

  fact(fact: Fact): void {
    if (fact.kind === 'epochAdvanced') this.epochs[fact.group] = fact.epoch;
  }

  health(): Health {
    const { self, mode, about, parameters, loop } = this.look;
    const uptimeSeconds = Math.round((performance.now() - this.since) / 1_000);
    const { folded, behind, difference } = this.look.shadow;
    const shadow = { folded, behind, snapshot: loop.newestSnapshot, snapshotUnderWay: loop.snapshotUnderWay, differs: difference ?? '' };
    return { status: 'alive', node: self, network: parameters.network, phase: this.phase, mode, version: about.version, kernel: about.kernel, engine: `node ${process.versions.node}`, uptimeSeconds, shadow };
  }

  ready(): Ready {
    const reasons: string[] = [];
    const unready = this.unready();
    if (unready !== undefined) reasons.push(unready);
    else if (!this.look.standing.hasLeaders) reasons.push('no contact with a majority of the voters of every group: no leader is known');
    return { ready: reasons.length === 0, reasons };
  }

  unready(): string | undefined {
    const { loop, space, disk, standing } = this.look;
    if (this.look.isDraining()) return 'the node is stopping';
    if (loop.phase === 'recovering') return 'the node is recovering: it refolds its journal';
    if (loop.phase !== 'running') return loop.stopped?.text ?? `the node has stopped (${loop.phase})`;
    if (standing.outcast) return 'the node is refused by its peers, because it came back older than it was';
    if (space.short) return `the disk is nearly full: ${space.freeMb} MB are free`;
    if (disk.waitingMs > SLOW_SYNC_MS) return `the disk is slow: a sync has taken ${(disk.waitingMs / 1_000).toFixed(1)} s so far`;
    return undefined;
  }

  status(): Status {
    const { self, loop, figures, standing, network, requests, disk } = this.look;
    const rates = figures.perSecond();
    return {
      node: self, phase: this.phase, incarnation: loop.incarnation,
      groups: standing.groups.map((group) => ({ ...group, epoch: this.epochs[group.group] ?? 0 })),
      peers: network.peers().filter((peer) => peer.out && peer.in).map((peer) => peer.id),
      decided: figures.decided, answered: figures.answered,
      decidesPerSecond: rates.decided, answersPerSecond: rates.answered, latencyMs: figures.latencyMs(),
      inFlight: requests.inFlight, journalBytes: disk.size, steps: loop.counters.steps, fsyncs: loop.fsyncs,
    };
  }

  /** Rendered at most a few times a second: who asks all the time gets what the last one got. */
  metrics(): Promise<string> {
    const now = performance.now();
    if (now >= this.rendered.untilMs) this.rendered = { untilMs: now + RENDER_EVERY_MS, text: this.look.instruments.registry.metrics() };
    return this.rendered.text;
  }

  turnedAway(why: TurnedAway): void {
    this.turned[why]++;
  }

  private get phase(): string {
    return this.look.isDraining() && this.look.loop.phase === 'running' ? 'draining' : this.look.loop.phase;
  }
}

function readings(look: Look, turned: Readonly<Record<string, number>>): Read[] {
  const { loop, requests, figures, standing, space, disk, network, monitors, shadow } = look;
  const byGroup = (value: (group: Standing['groups'][number]) => number) => (): Record<string, number> => Object.fromEntries(standing.groups.map((group) => [String(group.group), value(group)]));
  return [
    { name: 'lockstep_decides_total', help: 'Decides this node has seen recorded', kind: 'counter', value: () => figures.decided },
    { name: 'lockstep_steps_total', help: 'Steps of the kernel', kind: 'counter', value: () => loop.counters.steps },
    { name: 'lockstep_batches_total', help: 'Batches written to the journal', kind: 'counter', value: () => loop.batches },
    { name: 'lockstep_syncs_total', help: 'Durable writes', kind: 'counter', value: () => loop.fsyncs },
    { name: 'lockstep_journal_bytes', help: 'Size of the data directory, as written', kind: 'gauge', value: () => disk.size },
    { name: 'lockstep_shadow_folded', help: 'The last event of the journal that was folded beside the node, with the same digest', kind: 'gauge', value: () => shadow.folded },
    { name: 'lockstep_shadow_behind_events', help: 'Events that are durable and not folded beside the node yet', kind: 'gauge', value: () => shadow.behind },
    { name: 'lockstep_shadow_compared_total', help: 'Batches whose digest was compared beside the node', kind: 'counter', value: () => shadow.compared },
    { name: 'lockstep_shadow_differs', help: "1 once the node's state is not what its journal says", kind: 'gauge', value: () => (shadow.difference === undefined ? 0 : 1) },
    { name: 'lockstep_snapshot_sequence', help: 'The event after which the newest snapshot was taken', kind: 'gauge', value: () => loop.newestSnapshot },
    { name: 'lockstep_inbox_depth', help: 'What waits for its turn', kind: 'gauge', label: 'class', value: () => ({ ...loop.waitingInputs }) },
    { name: 'lockstep_requests_in_flight', help: 'Requests under way', kind: 'gauge', value: () => requests.inFlight },
    { name: 'lockstep_requests_admitted', help: 'Requests that may be under way: fewer while answers take too long', kind: 'gauge', value: () => requests.admitted },
    { name: 'lockstep_dropped_total', help: 'What the loop dropped before the journal, or did not send late', kind: 'counter', label: 'reason', value: () => loop.counters.dropped },
    { name: 'lockstep_network_dropped_total', help: 'What the network refused or lost', kind: 'counter', label: 'reason', value: () => network.drops.all() },
    { name: 'lockstep_requests_turned_away_total', help: 'Requests refused before they were read; eager: connections held back because they do not wait for answers', kind: 'counter', label: 'reason', value: () => ({ ...turned, connection: requests.counts.turnedAway, abandoned: requests.counts.abandoned, expired: requests.counts.expired }) },
    { name: 'lockstep_peers', help: 'Members it is connected with', kind: 'gauge', value: () => network.peers().filter((peer) => peer.out && peer.in).length },
    { name: 'lockstep_frames_total', help: 'Frames sent to peers and heard from them, on the streams that are open', kind: 'counter', label: 'direction', value: () => ({ out: total(network.peers(), (peer) => peer.framesOut), in: total(network.peers(), (peer) => peer.framesIn) }) },
    { name: 'lockstep_writes_total', help: 'Writes to peers: frames of one moment leave in one', kind: 'counter', value: () => total(network.peers(), (peer) => peer.writesOut) },
    { name: 'lockstep_leader', help: 'The leader of a group as this node knows it; 0: none', kind: 'gauge', label: 'group', value: byGroup((group) => group.leader) },
    { name: 'lockstep_term', help: 'The term of a group', kind: 'gauge', label: 'group', value: byGroup((group) => group.term) },
    { name: 'lockstep_commit', help: 'The commit index of a group', kind: 'gauge', label: 'group', value: byGroup((group) => group.commit) },
    { name: 'lockstep_disk_free_megabytes', help: 'Free space under the data directory', kind: 'gauge', value: () => (Number.isFinite(space.freeMb) ? space.freeMb : -1) },
    { name: 'lockstep_property_checks_total', help: 'Decisive checks of the properties that watch this node', kind: 'counter', label: 'property', value: () => mapped(monitors, (judgement) => judgement.checks) },
    { name: 'lockstep_property_violated', help: '1 once a property is violated', kind: 'gauge', label: 'property', value: () => mapped(monitors, (judgement) => (judgement.verdict === 'violated' ? 1 : 0)) },
  ];
}

function total(peers: readonly PeerState[], of: (peer: PeerState) => number): number {
  return peers.reduce((sum, peer) => sum + of(peer), 0);
}

function mapped(monitors: Monitors, value: (judgement: { readonly verdict: string; readonly checks: number }) => number): Record<string, number> {
  return Object.fromEntries(Object.entries(monitors.judgements()).map(([id, judgement]) => [id, value(judgement)]));
}
