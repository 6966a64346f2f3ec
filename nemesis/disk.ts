// Faults of disks: a power loss that takes what was not synced, or tears it; syncs that stall; and damage to what had been
// acknowledged, after which a node may not come back as itself.

import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { CrashPoint } from '../io/ports.ts';
import { few, lasting, struck, type Fault } from './fault.ts';
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
  begin: (world, episode) => {
    const disks = struck(world, episode).map((host) => host.disk);
    for (const disk of disks) disk.stallUs += episode.strength;
    return () => {
      for (const disk of disks) disk.stallUs -= episode.strength;
    };
  },
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.disk.stalls, 0),
};

export const bitRot: Fault = {
  name: 'bit-rot',
  about: 'a bit of what a node had made durable flips while it is down; it must refuse to start',
  unit: 'microseconds until it is started again',
  strongest: MAX_DOWN,
  damages: true,
  draw: (draw, site) => damage('bit-rot', site.from, site.healAt, draw.nodes(1, site.nodes)),
  begin: (world, episode) => {
    for (const node of episode.nodes) {
      const host = world.host(node);
      if (host.loop === undefined || host.damaged) continue;
      if (!world.crash(host, 'kept', episode.strength) || !host.rot()) continue;
      world.count('bit-rot', 1);
      world.wasDamaged(host);
    }
    return () => startAll(world, episode);
  },
};

export function damage(kind: string, from: Micros, healAt: Micros, nodes: readonly number[]): FaultEpisode {
  const down = Math.min(200 * MS, Math.max(1, healAt - from));
  return { kind, from, until: Math.min(healAt, from + down + MS), nodes, strength: down };
}

export function startAll(world: World, episode: FaultEpisode): void {
  for (const node of episode.nodes) if (world.host(node).state === 'down') world.host(node).start();
}
