// Faults of the network between nodes. Links of clients are never cut: clients stand beside their node.

import { MS } from '../kernel/base/time.ts';
import { Random } from '../kernel/base/random.ts';
import { hello, helloText } from '../kernel/hello.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import { LINK_FAULTS, type LinkFault, type LinkFaultKind } from '../io/sim/network.ts';
import type { World } from '../io/sim/world.ts';
import { nodeId, type NodeId } from '../kernel/base/ids.ts';
import type { Draw } from './draw.ts';
import { few, lasting, some, type Fault, type Site } from './fault.ts';

const ids = (nodes: readonly number[]): NodeId[] => nodes.map((node) => nodeId(node));
const rest = (world: World, nodes: readonly number[]): NodeId[] => ids(world.ids.filter((id) => !nodes.includes(id)));

/** Puts disturbances on the links of a world, and takes them off again. */
function disturb(world: World, faults: readonly LinkFault[]): () => void {
  for (const fault of faults) world.network.begin(fault);
  return () => {
    for (const fault of faults) world.network.end(fault);
  };
}

function touched(kind: LinkFaultKind): (world: World) => number {
  return (world) => world.network.touched[LINK_FAULTS.indexOf(kind)] as number;
}

/** A disturbance of everything that the nodes of an episode send, to anybody. */
function outgoing(kind: LinkFaultKind): (world: World, episode: FaultEpisode) => () => void {
  return (world, episode) => disturb(world, [{ kind, from: ids(episode.nodes), to: ids(world.ids), strength: episode.strength }]);
}

/** One side of a cut: mostly a minority, often a single node, now and then half of the network. */
function side(draw: Draw, site: Site): number[] {
  const half = Math.floor(site.nodes / 2);
  return draw.nodes(draw.below(3) === 0 ? 1 : draw.between(1, Math.max(1, half)), site.nodes);
}

/** Who cannot hear whom, by place in a circle of so many nodes: those that are named, in that order, and then the others. */
type Cut = (a: number, b: number, nodes: number) => boolean;

/** How far two places of a circle are apart. */
const apart = (a: number, b: number, nodes: number): number => Math.min(Math.abs(a - b), nodes - Math.abs(a - b));

/** The first node hears everybody; the two halves of the rest hear only themselves and it. */
const bridged: Cut = (a, b, nodes) => a > 0 && b > 0 && a <= nodes >> 1 !== b <= nodes >> 1;
const ring: Cut = (a, b, nodes) => apart(a, b, nodes) > 1;
/** Everybody hears a majority, and no two of them the same one. */
const majorities: Cut = (a, b, nodes) => apart(a, b, nodes) > Math.ceil((nodes >> 1) / 2);

const SHAPES: readonly Cut[] = [bridged, ring, majorities];

function shaped(world: World, nodes: readonly number[], cut: Cut): LinkFault[] {
  const circle = [...ids(nodes), ...rest(world, nodes)];
  return circle.map((from, a) => ({ kind: 'partition', from: [from], to: circle.filter((_, b) => cut(a, b, circle.length)), strength: 1 }));
}

export const partition: Fault = {
  name: 'partition',
  about: 'the nodes named and the others cannot hear each other (1); or a bridge between two halves (2), a ring (3), a ring of majorities (4)',
  unit: '1: two sides; 2: two halves, and the first node named hears both; 3: everybody hears its two neighbours; 4: everybody hears another majority',
  strongest: 4,
  draw: (draw, site) => {
    const nodes = side(draw, site);
    return { kind: 'partition', from: site.from, until: lasting(draw, site), nodes, strength: draw.pick([1, 1, 1, 2, 3, 4]) };
  },
  begin: (world, episode) => {
    const shape = SHAPES[episode.strength - 2];
    return disturb(world, shape === undefined ? between(world, episode.nodes, rest(world, episode.nodes)) : shaped(world, episode.nodes, shape));
  },
  happened: touched('partition'),
};

export const oneWay: Fault = {
  name: 'one-way',
  about: 'what the nodes named send reaches nobody else (1), or they hear nobody else (2)',
  unit: '1: deaf ears to them; 2: they are deaf',
  strongest: 2,
  draw: (draw, site) => ({ kind: 'one-way', from: site.from, until: lasting(draw, site), nodes: side(draw, site), strength: draw.between(1, 2) }),
  begin: (world, episode) => {
    const one = ids(episode.nodes);
    const other = rest(world, episode.nodes);
    const mute = episode.strength === 1;
    return disturb(world, [{ kind: 'one-way', from: mute ? one : other, to: mute ? other : one, strength: 1 }]);
  },
  happened: touched('one-way'),
};

export const slow: Fault = {
  name: 'slow',
  about: 'frames take longer, one in twelve much longer',
  unit: 'microseconds, at the median',
  strongest: 2_000 * MS,
  draw: (draw, site) => ({ kind: 'slow', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(1 * MS, draw.pick([10, 40, 150]) * MS) }),
  begin: outgoing('slow'),
  happened: touched('slow'),
};

export const drop: Fault = {
  name: 'drop',
  about: 'frames are lost',
  unit: 'per million',
  strongest: 1_000_000,
  draw: (draw, site) => ({ kind: 'drop', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(5_000, draw.pick([20_000, 100_000, 400_000])) }),
  begin: outgoing('drop'),
  happened: touched('drop'),
};

export const duplicate: Fault = {
  name: 'duplicate',
  about: 'frames arrive twice, the second time later',
  unit: 'per million',
  strongest: 1_000_000,
  draw: (draw, site) => ({ kind: 'duplicate', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(10_000, draw.pick([50_000, 300_000])) }),
  begin: outgoing('duplicate'),
  happened: touched('duplicate'),
};

export const reorder: Fault = {
  name: 'reorder',
  about: 'frames overtake each other',
  unit: 'microseconds by which a frame may be held back',
  strongest: 2_000 * MS,
  draw: (draw, site) => ({ kind: 'reorder', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(1 * MS, draw.pick([5, 30, 200]) * MS) }),
  begin: outgoing('reorder'),
  happened: touched('reorder'),
};

export const corrupt: Fault = {
  name: 'corrupt',
  about: 'a bit of a frame flips under way; the transport notices and the frame is lost',
  unit: 'per million',
  strongest: 1_000_000,
  draw: (draw, site) => ({ kind: 'corrupt', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.between(1_000, 50_000) }),
  begin: outgoing('corrupt'),
  happened: touched('corrupt'),
};

export const narrow: Fault = {
  name: 'narrow',
  about: 'links carry few bytes a second, and what does not fit waits its turn',
  unit: 'bytes per second, on each link',
  strongest: 1_000_000_000,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'narrow', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([20_000, 60_000, 200_000]) }),
  begin: outgoing('narrow'),
  happened: touched('narrow'),
};

/** How long two nodes whose connection was reset cannot speak: the least back-off of a live node, and a handshake. */
const RECONNECT_US = 60 * MS;

export const reset: Fault = {
  name: 'reset',
  about: 'connections of the nodes named break again and again, and what is sent before they are back is lost',
  unit: 'microseconds between two resets',
  strongest: 60_000 * MS,
  milder: 'larger',
  draw: (draw, site) => ({ kind: 'reset', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.between(100, 800) * MS }),
  begin: (world, episode) => {
    let over = false;
    let heal: (() => void) | undefined;
    const back = (): void => {
      heal?.();
      heal = undefined;
    };
    const again = (): void => {
      if (over) return;
      world.count('reset', 1);
      heal = disturb(world, between(world, episode.nodes));
      world.at(world.now + RECONNECT_US, back);
      world.at(world.now + Math.max(2 * RECONNECT_US, episode.strength), again);
    };
    again();
    return () => {
      over = true;
      back();
    };
  },
};

/** Every link from the nodes named to those others, and back, broken. */
function between(world: World, nodes: readonly number[], others: readonly NodeId[] = ids(world.ids)): LinkFault[] {
  return [{ kind: 'partition', from: ids(nodes), to: others, strength: 1 }, { kind: 'partition', from: others, to: ids(nodes), strength: 1 }];
}

export const flap: Fault = {
  name: 'flap',
  about: 'links between the nodes named and the others break and heal again and again, in one direction or in both',
  unit: 'microseconds for which they are whole, or broken, at most twice',
  strongest: 10_000 * MS,
  draw: (draw, site) => ({ kind: 'flap', from: site.from, until: lasting(draw, site), nodes: side(draw, site), strength: draw.pick([2, 20, 120, 400]) * MS }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'flap', episode.from);
    const links = between(world, episode.nodes, rest(world, episode.nodes));
    let over = false;
    let heal: (() => void) | undefined;
    const turn = (): void => {
      if (over) return;
      if (heal === undefined) {
        const broken = random.below(3);
        world.count('flap', 1);
        heal = disturb(world, broken === 2 ? links : links.slice(broken, broken + 1));
      } else {
        heal();
        heal = undefined;
      }
      world.at(world.now + 1 + random.below(2 * episode.strength), turn);
    };
    turn();
    return () => {
      over = true;
      heal?.();
    };
  },
};

export const clog: Fault = {
  name: 'clog',
  about: 'links let nothing through for a while, and then everything that waits at one moment',
  unit: 'microseconds between two moments at which they are open',
  strongest: 10_000 * MS,
  draw: (draw, site) => ({ kind: 'clog', from: site.from, until: lasting(draw, site), nodes: some(draw, site), strength: draw.pick([20, 150, 700, 2_500]) * MS }),
  begin: outgoing('clog'),
  happened: touched('clog'),
};

export const forgedHello: Fault = {
  name: 'forged-hello',
  about: 'somebody says hello in the name of the nodes named, without their key, or turns a true hello of theirs into a refusal; nobody may believe it',
  unit: 'how many incarnations ahead the forged ones are',
  strongest: 1_000,
  draw: (draw, site) => ({ kind: 'forged-hello', from: site.from, until: lasting(draw, site), nodes: few(draw, site), strength: draw.between(1, 3) }),
  begin: (world, episode) => {
    for (const from of ids(episode.nodes)) for (const to of ids(world.ids)) if (from !== to) {
      forge(world, from, to, episode.strength);
      twist(world, from, to);
    }
    return () => {};
  },
};

/** A frame that a stranger puts on the wire: all of it is right but for the signature. */
function forge(world: World, from: NodeId, to: NodeId, ahead: number): void {
  const loop = world.host(from).loop;
  if (loop === undefined) return;
  const incarnation = loop.incarnation + ahead;
  const resumed = loop.kernel.sequence + 1_000_000;
  const signature = world.scheme.sign(to, helloText(world.parameters.network, from, incarnation, ahead, resumed));
  world.count('forged-hello', 1);
  world.intrude(world.now + MS, { from, to, incarnation, sequence: resumed, index: 0, message: hello(incarnation, ahead, resumed, signature, true, false, 0) });
}

/** A refusal is not covered by the signature of the hello that carries it: the one who is refused has to ask what it rests on. */
function twist(world: World, from: NodeId, to: NodeId): void {
  const loop = world.host(from).loop;
  const refused = world.host(to).loop;
  if (loop?.phase !== 'running' || refused?.phase !== 'running') return;
  const { incarnation, tag, resumed, signature, lives } = loop.kernel.image().peers;
  if (signature === '') return;
  world.count('forged-hello', 1);
  world.intrude(world.now + MS, { from, to, incarnation, sequence: resumed, index: 0, message: hello(incarnation, tag, resumed, signature, false, true, refused.incarnation, lives) });
}
