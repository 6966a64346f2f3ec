// What a loop is told when it is made, and every bound it keeps.

import type { NodeId } from '../kernel/base/ids.ts';
import { SECOND } from '../kernel/base/time.ts';
import type { Parameters } from '../kernel/parameters.ts';
import type { JournalLimits } from './journal.ts';
import { UNCHECKED, type Checked } from './loop-checks.ts';
import type { InboxLimits } from './loop-inbox.ts';

export interface LoopOptions extends JournalLimits {
  readonly self: NodeId;
  readonly parameters: Parameters;
  /** Hash of the kernel's source. */
  readonly version: string;
  /** The JavaScript engine, by name and version. */
  readonly engine: string;
  readonly inbox: InboxLimits;
  /** While the inbox holds more, a sync waits until a batch has so many events; 0: it never waits. */
  readonly gatherEvents: number;
  /** Events refolded in one turn of recovery. */
  readonly sliceEvents: number;
  readonly checked: Checked;
  /** What an empty directory means: a node that has never been (false), or one that lost its disk and begins a new life (true). */
  readonly rejoins: boolean;
}

export type LoopLimits = Omit<LoopOptions, 'self' | 'parameters' | 'version' | 'engine'>;

export const LOOP_DEFAULTS: LoopLimits = {
  inbox: { urgent: 1_024, messages: 4_096, requests: 1_024 },
  gatherEvents: 0,
  snapshotEvery: 20_000,
  snapshotBatches: Number.MAX_SAFE_INTEGER,
  segmentWeight: 16 * 1024 * 1024,
  batchEvents: 1_024,
  watermarkBatches: 64,
  watermarkUs: SECOND,
  sliceEvents: 4_096,
  checked: UNCHECKED,
  rejoins: false,
};
