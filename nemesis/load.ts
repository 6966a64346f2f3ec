// Faults that clients are: for a moment many times as much is asked as at other times, and who is turned away asks again. What
// must not happen is that it never ends: a network that is busy with what nobody waits for any more.

import { nodeId, type NeedId, type ProposalId } from '../kernel/base/ids.ts';
import { Random } from '../kernel/base/random.ts';
import { MS, SECOND } from '../kernel/base/time.ts';
import { bucketOf } from '../kernel/decide/record.ts';
import type { Operation } from '../kernel/event.ts';
import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { World } from '../io/sim/world.ts';
import { some, type Fault } from './fault.ts';

/** Requests come in batches, so often. */
const BATCH_EVERY_US = 5 * MS;
const MOST_US = 400 * MS;
/** Of the requests of a burst, one in so many reads what the burst has decided. */
const READS = 4;

export const burst: Fault = {
  name: 'burst',
  about: 'clients ask the nodes named many times as much as they do otherwise, and ask again what was refused; afterwards all must be as before',
  unit: 'requests a second, over all nodes named',
  strongest: 1_000_000,
  draw: (draw, site) => ({
    kind: 'burst', from: site.from, until: Math.min(site.healAt, site.from + draw.between(50 * MS, MOST_US)), nodes: some(draw, site), strength: draw.pick([400, 1_500, 4_000]),
  }),
  begin: (world, episode) => {
    const random = Random.of(world.seed, 'burst', episode.from);
    const perBatch = Math.max(1, Math.floor((episode.strength * BATCH_EVERY_US) / SECOND));
    let over = false;
    let number = 0;
    const turn = (): void => {
      if (over) return;
      for (let i = 0; i < perBatch; i++) ask(world, episode, random, ++number);
      world.count('burst', perBatch);
      world.at(world.now + BATCH_EVERY_US, turn);
    };
    turn();
    return () => {
      over = true;
    };
  },
};

function ask(world: World, episode: FaultEpisode, random: Random, number: number): void {
  const epoch = Math.floor(world.now / world.parameters.decide.epochUs);
  const read = number > READS && random.below(READS) === 0;
  const need = `${epoch}/b${episode.from}-${read ? 1 + random.below(number - 1) : number}` as NeedId;
  const bucket = bucketOf(need);
  const operation: Operation = read ? { kind: 'get', need, bucket } : { kind: 'decide', need, bucket, proposal: `b${episode.from}-${number}` as ProposalId, kPlan: 1 };
  world.clients.invoke(1 + random.below(world.clients.count), nodeId(random.pick(episode.nodes)), operation, false);
}
