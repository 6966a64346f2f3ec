// What stands between the nodes of a live network under test: a proxy on every link, or packets between network namespaces.

import type { LinkFault } from '../../io/sim/network.ts';

export interface Links {
  /** In a few words, for a person. */
  readonly about: string;
  /** Where node `id` listens, for peers and for clients. */
  host(id: number): string;
  /** Ports that nodes 1 to `count` may take: for clients and for peers. */
  ports(count: number, room: number): Promise<{ readonly http: readonly number[]; readonly p2p: readonly number[] }>;
  /** Where `from` reaches `to`, which listens for peers on `port`. */
  address(from: number, to: number, port: number): Promise<string>;
  /** What stands before the command that starts node `id`. */
  prefix(id: number): readonly string[];
  begin(fault: LinkFault): void;
  end(fault: LinkFault): void;
  /** Breaks every connection of these nodes. How many there were. */
  reset(nodes: readonly number[]): number;
  close(): Promise<void>;
}
