// A backup that is restored without telling anybody. Its node has forgotten what it said since the copy was made; whoever heard
// it must refuse it, and until they have, it must not count itself a voter (kernel/peers.ts).
//
// What is outside the model: a voter that remembers and cannot be heard in the longest election timeout after the first answer.
// The others cannot know what only it heard, and a node that waited for it for ever would not outlive the crash of a peer. So
// the backup is restored at a moment when every voter of its groups that can have heard is up, and none of them has damage of
// its own; until it is refused, or has certainly given up waiting, they are spared other faults, and the links of the node too.
// Its links may be slow meanwhile, within what the wait allows for.

import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { DirectoryCopy } from '../io/sim/disk.ts';
import type { Host } from '../io/sim/host.ts';
import type { LinkFault } from '../io/sim/network.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import { bearsDamage } from './budget.ts';
import { damage, startAll } from './disk.ts';
import type { Fault } from './fault.ts';

/** How long to look for a moment at which the backup can be restored, and how often. */
const PATIENCE_US: Micros = 2 * SECOND;
const LOOK_EVERY_US: Micros = 20 * MS;
/** A disk that is slower than this is stalled. */
const STALLED_US: Micros = 50 * MS;

/** How long a hello, and its answer, may be on their way, in longest election timeouts: both together less than the wait. */
const HELD_UP: readonly number[] = [0, 0.1, 0.35, 0.35];
/** More than the longest election timeout, and than it takes to start again. */
const SPARED_US: Micros = 2 * SECOND;

export const oldBackup: Fault = {
  name: 'old-backup',
  about: 'a node comes back with an older copy of its data; its peers must refuse it',
  unit: 'least microseconds between copy and restore',
  strongest: 600 * SECOND,
  damages: true,
  draw: (draw, site) => {
    const age = Math.min(draw.between(200 * MS, 5 * SECOND), Math.max(1, Math.floor((site.healAt - site.from) / 2)));
    return { ...damage('old-backup', site.from, site.healAt, draw.nodes(1, site.nodes)), until: Math.min(site.healAt, site.from + age + PATIENCE_US + SPARED_US), strength: age };
  },
  begin: (world, episode) => {
    const restores = episode.nodes.map((node) => new Restore(world, world.host(node), episode));
    return () => {
      for (const restore of restores) restore.end();
      startAll(world, episode);
    };
  },
};

class Restore {
  private readonly world: World;
  private readonly host: Host;
  private readonly lookUntil: Micros;
  private readonly copy: DirectoryCopy;
  /** Voters that may hear what will be forgotten. */
  private readonly peers: readonly Host[];
  /** Those that hear nothing of it, nor anything from the others until the node is refused. */
  private readonly deaf: readonly NodeId[];
  private readonly heldUpUs: Micros;
  private disturbed: readonly LinkFault[] = [];
  private spares = false;
  private over = false;

  constructor(world: World, host: Host, episode: FaultEpisode) {
    this.world = world;
    this.host = host;
    this.lookUntil = episode.from + episode.strength + PATIENCE_US;
    this.copy = host.disk.copy();
    const groups = world.parameters.groups.filter((group) => group.voters.includes(host.id));
    const random = Random.of(world.seed, 'old-backup', host.id, episode.from);
    this.heldUpUs = Math.floor(world.parameters.raft.electionMaxUs * random.pick(HELD_UP));
    const others = groups.length === 0 ? [] : random.pick(groups).voters.filter((voter) => voter !== host.id);
    this.deaf = random.below(4) === 0 ? [] : random.shuffled(others).slice(0, others.length >> 1);
    // Who is damaged already cannot hear anything, and need not remember.
    this.peers = world.hosts.filter((peer) => peer !== host && !peer.damaged && !this.deaf.includes(peer.id) && groups.some((group) => group.voters.includes(peer.id)));
    // With the node as it was, the deaf are no majority; with what it has forgotten, they are.
    const hearing = world.ids.map((id) => nodeId(id)).filter((id) => !this.deaf.includes(id));
    this.disturb([{ kind: 'partition', from: this.deaf, to: hearing, strength: 1 }, { kind: 'partition', from: hearing, to: this.deaf, strength: 1 }]);
    world.at(world.now + episode.strength, () => this.look());
  }

  private look(): void {
    const { world, host } = this;
    if (this.over || host.damaged || world.now > this.lookUntil || this.copy.size === 0) return;
    for (const peer of this.peers) if (peer.state === 'down') peer.start();
    if (bearsDamage(world, host.id) && isSteady(host) && this.peers.every((peer) => peer.loop?.phase === 'running' && isSteady(peer))) return this.strike();
    world.at(world.now + LOOK_EVERY_US, () => this.look());
  }

  private strike(): void {
    const { world, host } = this;
    if (host.loop !== undefined) world.crash(host, 'kept', 20 * MS);
    else world.startLater(host, 20 * MS);
    host.disk.putBack(this.copy);
    world.count('old-backup', 1);
    world.wasDamaged(host, false);
    this.spare(true);
    const slow = this.peers.map((peer) => peer.id);
    if (this.heldUpUs > 0) this.disturb([{ kind: 'reorder', from: [host.id], to: slow, strength: this.heldUpUs, own: true }, { kind: 'reorder', from: slow, to: [host.id], strength: this.heldUpUs, own: true }]);
    this.watch(world.now + SPARED_US);
  }

  /** Until it is refused, or nobody had anything to remember. */
  private watch(until: Micros): void {
    const { world, host } = this;
    if (this.over) return;
    if (host.state === 'out' || world.now >= until) return this.end();
    world.at(world.now + LOOK_EVERY_US, () => this.watch(until));
  }

  private spare(on: boolean): void {
    this.spares = on;
    if (on) this.world.network.spare(this.host.id);
    else this.world.network.spareNoMore(this.host.id);
    for (const one of [this.host, ...this.peers]) one.spared = on;
  }

  private disturb(faults: readonly LinkFault[]): void {
    for (const fault of faults) this.world.network.begin(fault);
    this.disturbed = [...this.disturbed, ...faults];
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    for (const fault of this.disturbed) this.world.network.end(fault);
    if (this.spares) this.spare(false);
  }
}

/** Neither damaged nor held up by anything: it can answer, or hear answers, at once. */
function isSteady(host: Host): boolean {
  return !host.damaged && !host.stopping && host.pauses === 0 && !host.spared && host.disk.stallUs <= STALLED_US && host.disk.busyUs <= STALLED_US;
}
