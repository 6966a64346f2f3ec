// Faults of what stands outside the network: the parent chain and its providers, the GPUs with their driver, and the signer.

import { MS } from '../kernel/base/time.ts';
import { burden, few, lasting, some, struck, type Fault } from './fault.ts';

export const parentOutage: Fault = {
  name: 'parent-outage',
  about: 'providers of the parent chain are silent; afterwards they tell what was missed',
  unit: 'always 1',
  strongest: 1,
  needs: 'parent',
  draw: (draw, site) => ({ kind: 'parent-outage', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: 1 }),
  begin: (world, episode) => {
    for (const node of episode.nodes) world.parent?.outage(node, true);
    return () => {
      for (const node of episode.nodes) world.parent?.outage(node, false);
    };
  },
  happened: (world) => world.parent?.withheld ?? 0,
};

export const parentReorg: Fault = {
  name: 'parent-reorg',
  about: 'the parent chain forks below finality, and a provider claims a second final head',
  unit: 'always 1',
  strongest: 1,
  needs: 'parent',
  draw: (draw, site) => ({ kind: 'parent-reorg', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: 1 }),
  begin: (world, episode) => {
    const parent = world.parent;
    if (parent === undefined) return () => {};
    parent.unstable = true;
    return () => {
      parent.unstable = false;
      for (const node of episode.nodes) parent.equivocate(node);
    };
  },
  happened: (world) => (world.parent?.reorganisations ?? 0) + (world.parent?.equivocations ?? 0),
};

export const gpuLost: Fault = {
  name: 'gpu-lost',
  about: 'a GPU falls off the bus; its driver fails, or does not answer at all',
  unit: 'per mille of readings that fail, and as many again that are never answered',
  strongest: 500,
  needs: 'gpu',
  draw: (draw, site) => ({ kind: 'gpu-lost', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(0, 500) }),
  begin: (world, episode) => {
    const services = episode.nodes.map((node) => world.host(node).services);
    for (const one of services) {
      one.lose();
      one.brokenPerMille = episode.strength;
    }
    return () => {
      for (const one of services) {
        one.find();
        one.brokenPerMille = 0;
      }
    };
  },
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.services.losses + host.services.failures, 0),
};

const STARTED_AFTER = 20 * MS;

export const callDoubt: Fault = {
  name: 'call-doubt',
  about: 'what the signer or the GPU driver was asked is done, and the answer is "unknown", "failed", or too late; a process that starts has to ask',
  unit: 'per mille of the calls',
  strongest: 1_000,
  draw: (draw, site) => ({ kind: 'call-doubt', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.pick([300, 700, 1_000]) }),
  begin: (world, episode) => {
    const hosts = struck(world, episode);
    const relieve = burden(hosts, ({ services }, sign) => (services.doubtPerMille += sign * episode.strength));
    for (const host of hosts) if (host.loop !== undefined) world.crash(host, 'kept', STARTED_AFTER);
    return () => {
      relieve();
      for (const host of hosts) if (host.state === 'down') host.start();
    };
  },
  happened: (world) => world.hosts.reduce((sum, host) => sum + host.services.doubts, 0),
};
