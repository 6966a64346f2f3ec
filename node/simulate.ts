// Executes one run on this thread, with the host out of reach. Whoever wants a planted bug installs it before this module is
// loaded.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Evidence } from '../io/sim/evidence.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import { properties } from '../properties/all.ts';
import { execute, resolve, type Execution } from '../scenarios/run.ts';
import { attempting, type Attempt } from '../scenarios/trial.ts';
import type { ExecuteOptions, RunHooks } from '../scenarios/scenario.ts';
import { kernelHash } from './kernel-hash.ts';
import { RealSignatures } from './real-signatures.ts';
import type { RunOutcome, RunRequest } from './run-request.ts';
import { trapped } from './trap.ts';

export function resolveRun(request: RunRequest): RunFile {
  return request.runFile ?? trapped(() => resolve(request.seed, request.options));
}

/** Megabytes that are still in use after a full collection: what is measured is what is kept, not what happens to lie about. */
export function retainedHeapMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return getHeapStatistics().used_heap_size / 1e6;
}

export interface Executed {
  readonly outcome: RunOutcome;
  readonly world: Execution['world'];
}

/** `progress` is called inside the simulation: it may reach nothing of the host. */
export function executeRun(request: RunRequest, runFile: RunFile, progress?: RunHooks['progress'], listeners: readonly Evidence[] = []): Executed {
  let stopped = false;
  const hooks: RunHooks = progress === undefined ? {} : {
    progress: (nowUs, events) => {
      const go = progress(nowUs, events);
      stopped ||= !go;
      return go;
    },
  };
  const options: ExecuteOptions = { ...optionsOf(request), hooks, listeners };
  const cpu = threadCpu();
  const started = performance.now();
  const { result, world } = trapped(() => execute(runFile, properties, options));
  const wallMs = performance.now() - started;
  const cpuMs = cpu === undefined ? wallMs : (threadCpu() ?? 0) - cpu;
  const heapMb = getHeapStatistics().used_heap_size / 1e6;
  return { outcome: { request, result, wallMs, cpuMs, heapMb, goodputFloor: runFile.workload.goodputPer1000s / 1_000, stopped }, world };
}

/** Executions of runs like this one, one after the other. A judged few of the properties decide whether one failed. */
export function attemptsOf(request: RunRequest, judged: readonly string[] | undefined, progress: RunHooks['progress']): Attempt {
  return attempting(properties, { ...optionsOf(request), hooks: progress === undefined ? {} : { progress } }, judged, trapped);
}

function optionsOf(request: RunRequest): ExecuteOptions {
  return {
    checked: request.checked,
    kernelVersion: kernelHash(),
    ...(request.realCrypto ? { scheme: (seed: number, nodes: number) => new RealSignatures(seed, nodes) } : {}),
  };
}

/** Milliseconds of processor time of this thread; undefined where the runtime is too old to say. */
function threadCpu(): number | undefined {
  if (typeof process.threadCpuUsage !== 'function') return undefined;
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
