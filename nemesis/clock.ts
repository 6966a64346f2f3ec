// Faults of clocks: monotonic clocks that run fast or slow, jump ahead or stand still, and calendars that go anywhere.

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

export const clockFreeze: Fault = {
  name: 'clock-freeze',
  about: 'monotonic clocks stand still while their processes run',
  unit: 'always 1',
  strongest: 1,
  draw: (draw, site) => ({ kind: 'clock-freeze', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: 1 }),
  begin: (world, episode) => {
    const clocks = struck(world, episode).map((host) => host.clock);
    for (const clock of clocks) clock.freeze();
    world.count('clock-freeze', clocks.length);
    return () => {
      for (const clock of clocks) clock.thaw();
    };
  },
};

/** So often somebody sets the calendar. */
const CALENDAR_EVERY_US = 300 * MS;

export const wallJump: Fault = {
  name: 'wall-jump',
  about: 'calendars alone jump back, and forth, and back again, while monotonic clocks run as ever',
  unit: 'microseconds',
  strongest: 400 * 86_400 * SECOND,
  draw: (draw, site) => ({ kind: 'wall-jump', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([1, 3_600, 86_400 * 366]) * SECOND }),
  begin: (world, episode) => {
    let over = false;
    let by = -episode.strength;
    const turn = (): void => {
      if (over) return;
      const hosts = struck(world, episode);
      for (const host of hosts) host.clock.setWall(by);
      world.count('wall-jump', hosts.length);
      by = -by;
      world.at(world.now + CALENDAR_EVERY_US, turn);
    };
    turn();
    return () => {
      over = true;
    };
  },
};
