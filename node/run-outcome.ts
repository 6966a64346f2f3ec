// From what the simulator says of a run to what is reported of it: with the kernel's name, the wall time, and the command that
// shows it again.

import { signatureOf } from '../properties/signature.ts';
import type { PropertyReport, RunReport } from '../reports/run-report.ts';
import { exitCodeOf } from '../reports/run-report.ts';
import type { PropertyResult } from '../scenarios/scenario.ts';
import { EXIT } from './complaint.ts';
import { kernelHash } from './kernel-hash.ts';
import { replayCommand } from './run-again.ts';
import type { RunOutcome } from './run-request.ts';
import type { RunMode } from './sim-options.ts';
import { VERSION } from './version.ts';

function propertyReport(property: PropertyResult): PropertyReport {
  const { id, claim, kind, verdict, checks, violation } = property;
  const base = { id, claim, kind, verdict, checks };
  if (violation === undefined) return base;
  const { message, at, nodes, sequence, evidence } = violation;
  return { ...base, violation: { signature: signatureOf(id, violation), message, atUs: at, nodes, ...(sequence === undefined ? {} : { step: sequence }), evidence: evidence ?? [] } };
}

export function reportOf(outcome: RunOutcome, mode: RunMode, files: { readonly runPath?: string; readonly saved?: string; readonly page?: string } = {}): RunReport {
  const { result } = outcome;
  const properties = result.properties.filter((property) => mode.properties === undefined || mode.properties.includes(property.id)).map(propertyReport);
  const broke = result.broke === undefined ? {} : { broke: { message: result.broke.message, node: result.broke.node, atUs: result.broke.at, stack: result.broke.stack } };
  return {
    version: VERSION,
    kernel: kernelHash(),
    seed: result.seed,
    scenario: result.scenario,
    nodes: result.nodes,
    simulatedUs: result.simulatedUs,
    wallMs: Math.round(outcome.wallMs * 1_000) / 1_000,
    events: result.events,
    steps: result.steps,
    operations: result.operations,
    messages: result.messages,
    faults: result.faults,
    digest: result.digest,
    properties,
    marks: result.marks,
    goodput: { perSecond: Math.round((result.operations.ok / Math.max(1, result.simulatedUs)) * 1e9) / 1e3, floor: outcome.goodputFloor },
    heapMb: Math.round(outcome.heapMb),
    ...(mode.mutant === undefined ? {} : { mutant: mode.mutant }),
    ...(files.saved === undefined ? {} : { runFile: files.saved }),
    ...(files.page === undefined ? {} : { page: files.page }),
    ...broke,
    ...(outcome.stopped ? { stopped: true } : {}),
    replay: replayCommand(result.seed, result.scenario, mode, files.runPath),
  };
}

/** What was promised and broken is said first, even if our own code threw as well; that a promise held, or that there was no progress, is not said of such a run. */
export function exitCodeOfRun(report: RunReport): number {
  const code = exitCodeOf(report.properties);
  return report.broke === undefined || code === EXIT.violated ? code : EXIT.ourBug;
}
