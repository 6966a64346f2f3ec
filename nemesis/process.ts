// Faults of processes: they end anywhere in their loop, one by one or all at once, are stopped and started, stand still or
// are slow.

import { MS, type Micros } from '../kernel/base/time.ts';
import type { CrashLoss } from '../io/sim/disk.ts';
import type { Host } from '../io/sim/host.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import type { CrashPoint } from '../io/ports.ts';
import type { Draw } from './draw.ts';
import { burden, few, lasting, struck, type Fault, type Site } from './fault.ts';

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
    return () => start(hosts);
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
      start(episode.nodes.map((node) => world.host(node)));
    };
  },
};

export const pause: Fault = {
  name: 'pause',
  about: 'a process stands still; its clock runs on (1) or stands still with it, as on a suspended machine, and only its calendar jumps (2)',
  unit: '1: stopped process; 2: suspended machine',
  strongest: 2,
  draw: (draw, site) => ({ kind: 'pause', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.between(1, 2) }),
  begin: (world, episode) => {
    const hosts = struck(world, episode);
    for (const host of hosts) world.pause(host, episode.strength === 2);
    world.count('pause', hosts.length);
    return () => {
      for (const host of hosts) world.resume(host, episode.strength === 2);
    };
  },
};

/** Half of the machines lose what was not synced, and the others tear it. */
export const blackout: Fault = {
  name: 'blackout',
  about: 'the power of all machines named fails at one moment, mostly of every one there is, and comes back at one moment; nothing acknowledged may be lost',
  unit: 'microseconds until the machines are started again',
  strongest: MAX_DOWN,
  draw: (draw, site) => {
    const down = Math.min(draw.pick([30, 400, 2_000]) * MS, Math.max(1, site.healAt - site.from));
    const nodes = draw.nodes(draw.below(4) === 0 ? draw.between(1, site.nodes) : site.nodes, site.nodes);
    return { kind: 'blackout', from: site.from, until: Math.min(site.healAt, site.from + down + MS), nodes, strength: down };
  },
  begin: (world, episode) => {
    const hosts = episode.nodes.map((node) => world.host(node));
    hosts.forEach((host, place) => {
      if (host.loop !== undefined && world.crash(host, place % 2 === 0 ? 'lost' : 'torn', episode.strength)) world.count('blackout', 1);
    });
    return () => start(hosts);
  },
};

/** How long a process that is started again and again is down each time. */
const STORM_DOWN: Micros = 10 * MS;
/** What a storm can show it shows in so many moments; every restart reads a journal, and more would be most of what a run does. */
const STORM_MOMENTS = 12;

export const bootStorm: Fault = {
  name: 'boot-storm',
  about: 'all processes named are killed and started at one moment, again and again, before or after they have recovered',
  unit: 'microseconds between two such moments',
  strongest: 10_000 * MS,
  draw: (draw, site) => ({
    kind: 'boot-storm', from: site.from, until: lasting(draw, site), nodes: draw.nodes(draw.below(4) === 0 ? draw.between(1, site.nodes) : site.nodes, site.nodes),
    strength: draw.pick([11, 30, 150, 700]) * MS,
  }),
  begin: (world, episode) => {
    const hosts = episode.nodes.map((node) => world.host(node));
    let over = false;
    let moments = 0;
    const turn = (): void => {
      if (over || moments === STORM_MOMENTS) return;
      moments += 1;
      for (const host of hosts) if (host.loop !== undefined && world.crash(host, 'kept', STORM_DOWN)) world.count('boot-storm', 1);
      world.at(world.now + Math.max(STORM_DOWN + 1, episode.strength), turn);
    };
    turn();
    return () => {
      over = true;
      start(hosts);
    };
  },
};

function start(hosts: readonly Host[]): void {
  for (const host of hosts) if (host.state === 'down') host.start();
}

export const slowNode: Fault = {
  name: 'slow-node',
  about: 'every turn of a process takes much longer: its machine has too much else to do',
  unit: 'microseconds that every turn takes longer',
  strongest: 1_000 * MS,
  draw: (draw, site) => ({ kind: 'slow-node', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.pick([100, 800, 5_000, 40_000]) }),
  begin: (world, episode) => {
    const hosts = struck(world, episode);
    world.count('slow-node', hosts.filter((host) => host.loop !== undefined).length);
    return burden(hosts, (host, sign) => (host.extraTurnUs += sign * episode.strength));
  },
};
