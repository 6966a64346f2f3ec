// A live network as a measurement sees it: processes that are asked over HTTP, and files that are looked at from outside. The
// program starts and stops it (see `Subject.live`).

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from './plan.ts';

/** What a network under test has in another way than one for a person to try. */
export interface LiveSpec {
  readonly epochUs: number;
  readonly snapshotEvery: number;
}

export interface LiveNetwork {
  /** Where clients find each node, and where its journal lies. */
  readonly nodes: readonly (Target & { readonly id: number; readonly data: string; readonly p2pPort: number })[];
  /** Everything the network keeps. */
  readonly folder: string;
  /** Seals every journal. */
  stop(): Promise<void>;
}

/** Figures of one node, as its metrics show them: counters since it started. */
export interface NodeFigures {
  readonly decides: number;
  readonly steps: number;
  readonly batches: number;
  readonly syncs: number;
  readonly journalBytes: number;
  readonly cpuSeconds: number;
  readonly residentMb: number;
  readonly heapMb: number;
  readonly delayP99Ms: number;
  /** Frames and requests that were refused or dropped, over all reasons. */
  readonly dropped: number;
  readonly turnedAway: number;
  readonly violated: number;
}

const ASK_TIMEOUT_MS = 5_000;

export async function figuresOf({ host, port }: Target): Promise<NodeFigures> {
  const answer = await fetch(`http://${host}:${port}/metrics`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  const text = await answer.text();
  const sum = (name: string, label = ''): number => {
    let total = 0;
    for (const line of text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)$`, 'gm'))) if ((line[1] as string).includes(label)) total += Number(line[2]);
    return total;
  };
  return {
    decides: sum('lockstep_decides_total'), steps: sum('lockstep_steps_total'), batches: sum('lockstep_batches_total'), syncs: sum('lockstep_syncs_total'),
    journalBytes: sum('lockstep_journal_bytes'), cpuSeconds: sum('process_cpu_seconds_total'), residentMb: sum('process_resident_memory_bytes') / 1e6, heapMb: sum('process_heap_used_bytes') / 1e6,
    delayP99Ms: sum('lockstep_event_loop_delay_seconds', 'quantile="0.99"') * 1_000,
    dropped: sum('lockstep_dropped_total') + sum('lockstep_network_dropped_total'), turnedAway: sum('lockstep_requests_turned_away_total'), violated: sum('lockstep_property_violated'),
  };
}

/** Sees every file of the journals that comes to be, so that one that is removed again is counted too. */
export class FileWatch {
  private readonly network: LiveNetwork;
  /** By node: the greatest length each file had. */
  private readonly seen: Map<number, Map<string, number>> = new Map();
  private readonly timer: NodeJS.Timeout;

  constructor(network: LiveNetwork, everyMs = 500) {
    this.network = network;
    this.look();
    this.timer = setInterval(() => this.look(), everyMs);
  }

  /** Of the node that has fewest: files of this kind there ever were. */
  made(kind: 'journal-' | 'snapshot-'): number {
    return Math.min(...this.network.nodes.map(({ id }) => this.of(id, kind).length));
  }

  /** Of all nodes: bytes written to files of this kind. */
  bytes(kind: 'journal-' | 'snapshot-'): number {
    this.look();
    return this.network.nodes.reduce((sum, { id }) => sum + this.of(id, kind).reduce((total, [, bytes]) => total + bytes, 0), 0);
  }

  private of(id: number, kind: string): [string, number][] {
    return [...(this.seen.get(id) ?? [])].filter(([name]) => name.startsWith(kind) && !name.endsWith('.new'));
  }

  end(): void {
    this.look();
    clearInterval(this.timer);
  }

  private look(): void {
    for (const { id, data } of this.network.nodes) {
      let seen = this.seen.get(id);
      if (seen === undefined) this.seen.set(id, (seen = new Map()));
      // A file may be gone between the two calls; what it held at the last look counts.
      for (const name of readdirSync(data)) seen.set(name, Math.max(seen.get(name) ?? 0, statSync(join(data, name), { throwIfNoEntry: false })?.size ?? 0));
    }
  }
}
