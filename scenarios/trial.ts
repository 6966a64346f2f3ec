// One execution of a run that is expected to fail: how it did, what it cost, and what the clients asked until then.

import type { Micros } from '../kernel/base/time.ts';
import type { Evidence, Property } from '../io/sim/evidence.ts';
import type { ClientOperation, RunFile } from '../io/sim/run-file.ts';
import { failuresOf, type Failure } from './failure.ts';
import { execute } from './run.ts';
import type { ExecuteOptions } from './scenario.ts';
import { written } from './workload.ts';

export interface Trial {
  /** The first first; empty if nothing was violated. */
  readonly failures: readonly Failure[];
  readonly events: number;
  readonly digest: string;
  /** What clients asked, but for the reads at the very end. */
  readonly operations: readonly ClientOperation[];
  readonly endedAt: Micros;
  /** Whose entry was handled last; 0 if it was nobody's. */
  readonly attending: number;
  readonly rerolledAt?: Micros;
  readonly interjectedAt?: Micros;
}

/** Executes a run, or the beginning of one. */
export type Attempt = (run: RunFile, options?: Pick<ExecuteOptions, 'endAt' | 'endAfter' | 'reroll' | 'interject' | 'listeners'>) => Trial;

/** `within` wraps each execution: whoever can reach the host keeps the simulation from it there. */
export function attempting(properties: readonly Property[], options: ExecuteOptions, judged: readonly string[] | undefined, within: <T>(run: () => T) => T): Attempt {
  return (run, more) => within(() => {
    const operations: ClientOperation[] = [];
    const recorder: Evidence = {
      invoked: (invocation) => {
        if (!invocation.final) operations.push(written(invocation));
      },
    };
    const { result, world, rerolledAt, interjectedAt } = execute(run, properties, { ...options, ...more, listeners: [recorder, ...(more?.listeners ?? [])] });
    return {
      failures: failuresOf(result, judged), events: result.events, digest: result.digest, operations, endedAt: result.simulatedUs, attending: world.attending,
      ...(rerolledAt === undefined ? {} : { rerolledAt }), ...(interjectedAt === undefined ? {} : { interjectedAt }),
    };
  });
}
