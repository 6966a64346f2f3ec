// Faults of clocks: monotonic clocks that run fast or slow or jump ahead, and calendars that go anywhere.

import { MS, SECOND } from '../kernel/base/time.ts';
import { lasting, some, struck, type Fault } from './fault.ts';

export const clockSkew: Fault = {
  name: 'clock-skew',
  about: 'monotonic clocks run fast on every other node named, and slow on the rest',
  unit: 'parts per million',
  strongest: 400_000,
  draw: (draw, site) => ({ kind: 'clock-skew', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(50, draw.pick([500, 20_000, 200_000])) }),
  begin: (world, episode) => {
    episode.nodes.forEach((node, place) => world.host(node).clock.drift(place % 2 === 0 ? episode.strength : -episode.strength));
    world.count('clock-skew', episode.nodes.length);
    return () => {
      for (const node of episode.nodes) world.host(node).clock.drift(0);
    };
  },
};

export const clockJump: Fault = {
  name: 'clock-jump',
  about: 'monotonic clocks jump ahead, calendars a thousand times as far forward or back',
  unit: 'microseconds',
  strongest: 60 * SECOND,
  draw: (draw, site) => ({ kind: 'clock-jump', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(1 * MS, draw.pick([100, 3_000]) * MS) }),
  begin: (world, episode) => {
    const hosts = struck(world, episode);
    hosts.forEach(({ clock }, place) => {
      clock.jumpAhead(episode.strength);
      clock.setWall((place % 2 === 0 ? -1_000 : 1_000) * episode.strength);
    });
    world.count('clock-jump', hosts.length);
    return () => {};
  },
};
