// The other process: it executes a run once more and tells the digest, so that a sweep can say of itself that it is
// deterministic. Started by sweep.ts and kept for as long as the sweep lasts.

import type { RunRequest } from './run-request.ts';

export interface TwinTask {
  readonly id: number;
  readonly request: RunRequest;
}

export interface TwinAnswer {
  readonly id: number;
  readonly digest: string;
}

const mutant = process.env['LOCKSTEP_TWIN_MUTANT'];
if (mutant !== undefined) await (await import('./mutant-hook.ts')).plantByName(mutant);
const { executeRun, resolveRun } = await import('./simulate.ts');

process.on('message', ({ id, request }: TwinTask) => {
  const { outcome } = executeRun(request, resolveRun(request));
  const answer: TwinAnswer = { id, digest: outcome.result.digest };
  // The sweep may be gone by now.
  process.send?.(answer, () => undefined);
});
// The sweep decides when it is over, also for a signal that reached the whole group.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());
