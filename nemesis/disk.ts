// Faults of disks: a power loss that takes what was not synced, or tears it; syncs that stall; errors, and no room; and damage
// to what had been acknowledged, after which a node may not come back as itself.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { CrashPoint } from '../io/ports.ts';
import type { Host } from '../io/sim/host.ts';
import { bearsDamage } from './budget.ts';
import { burden, few, lasting, some, struck, type Fault } from './fault.ts';
import { beginCrash, drawCrash } from './process.ts';

/** Where a loop may have written what no sync covers yet; undefined: while a sync is under way. */
const AT_RISK: readonly (CrashPoint | undefined)[] = [undefined, undefined, undefined, 'afterAppend', 'afterStep', 'beforeSync', 'duringSnapshot'];
const MAX_DOWN: Micros = 30 * SECOND;

export const diskLost: Fault = {
  name: 'disk-lost',
  about: 'the power fails: what was written and not synced is gone from some point on',
  unit: 'microseconds until the machine is started again',
  strongest: MAX_DOWN,
  draw: drawCrash('disk-lost', AT_RISK),
  begin: beginCrash('lost'),
};

export const diskTorn: Fault = {
  name: 'disk-torn',
  about: 'the power fails during a write: part of it is on disk, perhaps with rubbish after it',
  unit: 'microseconds until the machine is started again',
  strongest: MAX_DOWN,
  draw: drawCrash('disk-torn', AT_RISK),
  begin: beginCrash('torn'),
};

export const slowFsync: Fault = {
  name: 'slow-fsync',
  about: 'syncs stall',
  unit: 'microseconds that a sync may take longer',
  strongest: 10 * SECOND,
  draw: (draw, site) => ({ kind: 'slow-fsync', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.between(5 * MS, draw.pick([50, 400, 3_000]) * MS) }),
  begin: (world, episode) => burden(struck(world, episode), ({ disk }, sign) => (disk.stallUs += sign * episode.strength)),
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.disk.stalls, 0),
};

/** A machine whose disk has an error is started again after so long, and while the error lasts again and again. */
const TROUBLED_DOWN: Micros = 50 * MS;

export const readError: Fault = {
  name: 'read-error',
  about: 'a process ends, and when it is started again its disk cannot be read, for a while; it must not give up for good',
  unit: 'per mille of the reads that fail',
  strongest: 1_000,
  draw: (draw, site) => ({ kind: 'read-error', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.pick([100, 300, 700]) }),
  begin: (world, episode) => {
    const hosts = struck(world, episode);
    const relieve = burden(hosts, ({ disk }, sign) => (disk.readErrors += sign * episode.strength));
    for (const host of hosts) if (host.loop !== undefined) world.crash(host, 'kept', TROUBLED_DOWN);
    return () => {
      relieve();
      startAll(world, episode);
    };
  },
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.disk.unreadable, 0),
};

export const fsyncError: Fault = {
  name: 'fsync-error',
  about: 'a sync fails, and what it should have made durable may be gone; the process must end, and never try it again',
  unit: 'per mille of the syncs that fail',
  strongest: 1_000,
  draw: (draw, site) => ({ kind: 'fsync-error', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.pick([2, 20, 200]) }),
  begin: (world, episode) => burden(struck(world, episode), ({ disk }, sign) => (disk.syncErrors += sign * episode.strength)),
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.disk.notSynced, 0),
};

export const diskFull: Fault = {
  name: 'disk-full',
  about: 'there is no room on a disk; its node must promise nothing more, and come back when there is room',
  unit: 'always 1',
  strongest: 1,
  draw: (draw, site) => ({ kind: 'disk-full', from: site.from, until: lasting(draw, site), nodes: draw.below(4) === 0 ? some(draw, site) : few(draw, site), strength: 1 }),
  begin: (world, episode) => burden(struck(world, episode), ({ disk }, sign) => (disk.fulls += sign)),
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.disk.noRoom, 0),
};

export const bitRot: Fault = damaging('bit-rot', 'a bit of what a node had made durable flips while it is down; it must refuse to start', (host) => host.rot());

export const misdirected: Fault = damaging('misdirected', 'a write that a node had made durable went to another place, over what stood there; it must refuse to start', (host) => host.misdirect());

/** A process ends, `strike` damages what it had made durable, and it is started again. */
function damaging(name: string, about: string, strike: (host: Host) => boolean): Fault {
  return {
    name, about, unit: 'microseconds until it is started again', strongest: MAX_DOWN, damages: true,
    draw: (draw, site) => damage(name, site.from, site.healAt, draw.nodes(1, site.nodes)),
    begin: (world, episode) => {
      for (const node of episode.nodes) {
        const host = world.host(node);
        if (host.loop === undefined || host.damaged || !bearsDamage(world, host.id)) continue;
        if (!world.crash(host, 'kept', episode.strength) || !strike(host)) continue;
        world.count(name, 1);
        world.wasDamaged(host, true);
      }
      return () => startAll(world, episode);
    },
  };
}

/** Long enough to start and to read everything. */
const STALE_US: Micros = 300 * MS;

export const staleRead: Fault = {
  name: 'stale-read',
  about: 'a process ends, and when it is started again its journal is read without its end, so that it must refuse to start (1), or its watermark as it was (2)',
  unit: '1: the journal; 2: the watermark',
  strongest: 2,
  damages: true,
  draw: (draw, site) => ({ kind: 'stale-read', from: site.from, until: Math.min(site.healAt, site.from + STALE_US), nodes: draw.nodes(1, site.nodes), strength: draw.between(1, 2) }),
  begin: (world, episode) => {
    const ends = episode.nodes.map((node) => readStale(world, world.host(node), episode.strength === 2));
    return () => {
      for (const end of ends) end();
      startAll(world, episode);
    };
  },
};

/** What was served once stays as it is: nobody can trust that disk again. */
function readStale(world: World, host: Host, mark: boolean): () => void {
  if (host.loop === undefined || host.damaged || !bearsDamage(world, host.id) || !world.crash(host, 'kept', TROUBLED_DOWN)) return () => {};
  let served = false;
  // Nobody counts on it from now on.
  if (!mark) host.damaged = true;
  host.readStale(mark, () => {
    if (served) return;
    served = true;
    world.count('stale-read', 1);
    if (!mark) world.wasDamaged(host, true);
  });
  return () => {
    if (!mark && served) return;
    host.disk.refresh();
    if (!mark) host.damaged = host.rejoins;
  };
}

export function damage(kind: string, from: Micros, healAt: Micros, nodes: readonly number[]): FaultEpisode {
  const down = Math.min(200 * MS, Math.max(1, healAt - from));
  return { kind, from, until: Math.min(healAt, from + down + MS), nodes, strength: down };
}

export function startAll(world: World, episode: FaultEpisode): void {
  for (const node of episode.nodes) if (world.host(node).state === 'down') world.host(node).start();
}
