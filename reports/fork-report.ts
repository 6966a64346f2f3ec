// What became of live nodes in a simulated world: a run report, and where each node came from.

import type { FaultEpisode } from '../io/sim/run-file.ts';
import type { Paint } from './paint.ts';
import { grouped, plural } from './quantities.ts';
import type { RunReport } from './run-report.ts';
import { faultLines } from './terminal.ts';

export interface ForkOrigin {
  readonly node: number;
  readonly step: number;
  /** Its own journal, if one was given, and the first event in it. */
  readonly directory?: string;
  readonly begins?: number;
  /** Its state is not known: it got what this node knew to be committed. */
  readonly copiedFrom?: number;
}

export interface ForkReport extends RunReport {
  readonly fork: {
    readonly step: number;
    readonly directory: string;
    readonly node: number;
    readonly origins: readonly ForkOrigin[];
    /** Where the register's epochs go on. */
    readonly epoch: number;
    /** Records of the past that clients ask for again. */
    readonly known: number;
    readonly faults: readonly FaultEpisode[];
  };
}

export function renderFork(report: ForkReport, paint: Paint): string {
  const { fork } = report;
  const lines = [
    `${paint.bold(`seed ${report.seed}`)}  ${paint.bold('fork')}  ${paint.dim(`lockstep ${report.version}, kernel ${report.kernel.slice(0, 12)}`)}`,
    paint.dim(`every machine lost its power after event ${grouped(fork.step)} of node ${fork.node}, and starts again in a simulated world`),
  ];
  for (const origin of fork.origins) lines.push(`${paint.dim(`node ${origin.node}`.padEnd(12))}${originWords(origin, paint)}`);
  lines.push(`${paint.dim('goes on'.padEnd(12))}in epoch ${fork.epoch}; clients ask for ${plural(fork.known, 'record')} of the past again`, ...faultLines(fork.faults, paint, '--json lists them all'), '');
  return lines.join('\n');
}

function originWords({ step, directory, begins, copiedFrom }: ForkOrigin, paint: Paint): string {
  if (copiedFrom === undefined) return `after event ${grouped(step)} of its journal  ${paint.dim(directory ?? '')}`;
  const why = directory === undefined ? 'no journal was given' : `its journal begins later, with event ${grouped(begins ?? 0)}`;
  return paint.yellow(`${why}: a copy of what node ${copiedFrom} knew to be committed`);
}
