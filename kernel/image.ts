// The whole state of a node as a value, and as bytes: a snapshot shortens the fold, and nothing else.

import type { Codec, Reader, Writer } from './base/codec.ts';
import { nodeId, type NodeId } from './base/ids.ts';
import type { RandomState } from './base/random.ts';
import type { Micros } from './base/time.ts';
import { parentHeadCodec, REMEMBERED_HEADS, type ParentHead } from './chain/parent.ts';
import { gatewayImageCodec, ordersImageCodec } from './decide/gateway-image.ts';
import type { OrdersImage } from './decide/orders.ts';
import type { GatewayImage } from './decide/gateway.ts';
import { inventoryImageCodec, type InventoryImage } from './lanes/inventory.ts';
import { parametersCodec, type Parameters } from './parameters.ts';
import { peersImageCodec, type PeersImage } from './peers.ts';
import { exchangeImageCodec, type ExchangeImage } from './plan/exchange.ts';
import { raftImageCodec, type RaftImage } from './raft/image.ts';
import { swarmImageCodec, type SwarmImage } from './swarm/swarm.ts';

export interface KernelImage {
  readonly self: NodeId;
  readonly seed: number;
  readonly version: string;
  readonly parameters: Parameters;
  readonly sequence: number;
  readonly at: Micros;
  readonly wall: Micros;
  readonly digestHigh: number;
  readonly digestLow: number;
  readonly random: RandomState;
  readonly deadlines: readonly number[];
  readonly peers: PeersImage;
  readonly groups: readonly RaftImage[];
  readonly gateway: GatewayImage;
  readonly orders: OrdersImage;
  readonly parent: readonly ParentHead[];
  readonly inventory: InventoryImage;
  readonly swarm: SwarmImage;
  readonly exchange: ExchangeImage;
}

const MAX_GROUPS = 1024;
const dueCodec: Codec<number> = { write: (w: Writer, due: number): void => w.uint(due), read: (r: Reader): number => r.uint() };

export const kernelImageCodec: Codec<KernelImage> = {
  write(w: Writer, image: KernelImage): void {
    w.array(19);
    w.uint(image.self);
    w.uint(image.seed);
    w.text(image.version);
    parametersCodec.write(w, image.parameters);
    w.uint(image.sequence);
    w.uint(image.at);
    w.uint(image.wall);
    w.uint(image.digestHigh >>> 0);
    w.uint(image.digestLow >>> 0);
    w.array(4);
    for (const word of image.random) w.uint(word >>> 0);
    w.list(dueCodec, image.deadlines);
    peersImageCodec.write(w, image.peers);
    w.list(raftImageCodec, image.groups);
    gatewayImageCodec.write(w, image.gateway);
    ordersImageCodec.write(w, image.orders);
    w.list(parentHeadCodec, image.parent);
    inventoryImageCodec.write(w, image.inventory);
    swarmImageCodec.write(w, image.swarm);
    exchangeImageCodec.write(w, image.exchange);
  },
  read(r: Reader): KernelImage {
    r.tuple(19);
    return {
      self: nodeId(r.uint(0xffff)), seed: r.uint(), version: r.text(128), parameters: parametersCodec.read(r), sequence: r.uint(), at: r.uint(), wall: r.uint(),
      digestHigh: readWord(r), digestLow: readWord(r), random: readRandom(r), deadlines: r.list(dueCodec, 2 * MAX_GROUPS + 16),
      peers: peersImageCodec.read(r), groups: r.list(raftImageCodec, MAX_GROUPS), gateway: gatewayImageCodec.read(r), orders: ordersImageCodec.read(r),
      parent: r.list(parentHeadCodec, REMEMBERED_HEADS), inventory: inventoryImageCodec.read(r), swarm: swarmImageCodec.read(r), exchange: exchangeImageCodec.read(r),
    };
  },
};

const readWord = (r: Reader): number => r.uint(0xffffffff) | 0;

function readRandom(r: Reader): RandomState {
  r.tuple(4);
  return [readWord(r), readWord(r), readWord(r), readWord(r)];
}
