// Executes one run on this thread, with the host out of reach. Whoever wants a planted bug installs it before this module is
// loaded.

import { getHeapStatistics } from 'node:v8';
import type { RunFile } from '../io/sim/run-file.ts';
import { execute, resolve } from '../scenarios/run.ts';
import type { RunHooks } from '../scenarios/scenario.ts';
import { kernelHash } from './kernel-hash.ts';
import type { RunOutcome, RunRequest } from './run-request.ts';
import { trapped } from './trap.ts';

export function resolveRun(request: RunRequest): RunFile {
  return request.runFile ?? trapped(() => resolve(request.seed, request.options));
}

/** `progress` is called inside the simulation: it may reach nothing of the host. */
export function executeRun(request: RunRequest, runFile: RunFile, progress?: RunHooks['progress']): RunOutcome {
  let stopped = false;
  const hooks: RunHooks = progress === undefined ? {} : {
    progress: (nowUs, events) => {
      const go = progress(nowUs, events);
      stopped ||= !go;
      return go;
    },
  };
  const kernelVersion = kernelHash();
  const started = performance.now();
  const result = trapped(() => execute(runFile, { checked: request.checked, kernelVersion, hooks }));
  const wallMs = performance.now() - started;
  const heapMb = getHeapStatistics().used_heap_size / 1e6;
  return { request, result, wallMs, heapMb, goodputFloor: runFile.workload.goodputPer1000s / 1_000, stopped };
}
