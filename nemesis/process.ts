// Faults of processes: they end anywhere in their loop, are stopped and started, or stand still.

import { MS, type Micros } from '../kernel/base/time.ts';
import type { CrashLoss } from '../io/sim/disk.ts';
import type { Host } from '../io/sim/host.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { CrashPoint } from '../io/ports.ts';
import type { Draw } from './draw.ts';
import { few, lasting, struck, type Fault, type Site } from './fault.ts';

export const CRASH_POINTS: readonly CrashPoint[] = [
  'beforeAppend', 'afterAppend', 'afterStep', 'beforeSync', 'beforeRelease', 'halfwayReleasing', 'afterRelease', 'duringRecovery', 'duringSnapshot',
];

/** How long a crash waits for its point before it strikes between two turns. */
const PATIENCE_US: Micros = 400 * MS;

/** Snapshots are rare. */
const SNAPSHOT_PATIENCE_US: Micros = 6_000 * MS;

const patience = (point: CrashPoint | undefined): Micros => (point === 'duringSnapshot' ? SNAPSHOT_PATIENCE_US : PATIENCE_US);

const MAX_DOWN: Micros = 30_000 * MS;

export function drawCrash(kind: string, points: readonly (CrashPoint | undefined)[]): (draw: Draw, site: Site) => FaultEpisode {
  return (draw, site) => {
    const nodes = few(draw, site);
    const room = Math.max(1, site.healAt - site.from - PATIENCE_US);
    const down = Math.min(draw.pick([30, 300, 1_500, 4_000]) * MS, room);
    const point = draw.pick(points);
    const episode = { kind, from: site.from, until: Math.min(site.healAt, site.from + patience(point) + down), nodes, strength: down };
    return point === undefined ? episode : { ...episode, point };
  };
}

/** Crashes every node named, at the point named or while a sync is under way, and sees that they are started again. */
export function beginCrash(loss: CrashLoss): (world: World, episode: FaultEpisode) => () => void {
  return (world, episode) => {
    const hosts = episode.nodes.map((node) => world.host(node));
    for (const host of hosts) strike(world, host, episode, loss);
    return () => {
      for (const host of hosts) if (host.state === 'down') host.start();
    };
  };
}

function strike(world: World, host: Host, episode: FaultEpisode, loss: CrashLoss): void {
  if (host.loop === undefined) return;
  const life = host.starts;
  if (episode.point === 'duringRecovery') {
    world.crash(host, loss, episode.strength);
    host.arm('duringRecovery', 1, loss, episode.strength);
    return;
  }
  if (episode.point !== undefined) host.arm(episode.point, episode.point === 'duringSnapshot' ? 1 : 1 + (world.events % 7), loss, episode.strength);
  else if (loss !== 'kept') host.ambushSync(() => world.crash(host, loss, episode.strength));
  const late = Math.min(world.now + patience(episode.point), episode.until);
  world.at(late, () => {
    host.ambushSync(undefined);
    if (host.loop !== undefined && host.starts === life) world.crash(host, loss, Math.max(1, Math.min(episode.strength, episode.until - world.now)));
  });
}

export const kill: Fault = {
  name: 'kill',
  about: 'a process ends anywhere in its loop; what it wrote survives',
  unit: 'microseconds until it is started again',
  strongest: MAX_DOWN,
  draw: drawCrash('kill', [undefined, ...CRASH_POINTS]),
  begin: beginCrash('kept'),
};

export const restart: Fault = {
  name: 'restart',
  about: 'a process is stopped cleanly: it seals its journal and is started again',
  unit: 'microseconds between stop and start',
  strongest: MAX_DOWN,
  draw: (draw, site) => {
    const down = Math.min(draw.pick([50, 1_000]) * MS, Math.max(1, site.healAt - site.from));
    return { kind: 'restart', from: site.from, until: Math.min(site.healAt, site.from + down + PATIENCE_US), nodes: few(draw, site), strength: down };
  },
  begin: (world, episode) => {
    for (const node of episode.nodes) world.stop(world.host(node), episode.strength);
    return () => {
      for (const node of episode.nodes) if (world.host(node).state === 'down') world.host(node).start();
    };
  },
};

export const pause: Fault = {
  name: 'pause',
  about: 'a process stands still; its clock runs on (1) or stands still with it (2)',
  unit: '1: stopped process; 2: suspended machine',
  strongest: 2,
  draw: (draw, site) => ({ kind: 'pause', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.between(1, 2) }),
  begin: (world, episode) => {
    const hosts = struck(world, episode);
    for (const host of hosts) world.pause(host, episode.strength === 2);
    world.count('pause', hosts.length);
    return () => {
      for (const host of hosts) world.resume(host);
    };
  },
};
