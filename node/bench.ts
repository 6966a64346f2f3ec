// `lockstep bench`: runs the benchmarks of bench/ one after another, with nothing else going on, and prints their rows as they
// come.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { BENCHES } from '../bench/all.ts';
import type { Measured, Row, RunSpec, Subject } from '../bench/row.ts';
import { paintFor } from '../reports/paint.ts';
import { rowLine } from '../reports/bench-rows.ts';
import { readDuration } from './arguments.ts';
import { live } from './bench-live.ts';
import { Complaint, EXIT } from './complaint.ts';
import { nearest } from './nearest.ts';
import type { RunOutcome, RunRequest } from './run-request.ts';
import { SimulatorThread } from './simulator-thread.ts';

const DEPTH = 300;
const QUEUE_OPERATIONS = 4_000_000;
const POLL_MS = 1;

export async function bench(names: readonly string[], flags: { readonly json?: boolean; readonly for?: string }): Promise<number> {
  const chosen = choose(names);
  const forUs = flags.for === undefined ? undefined : readDuration(flags.for);
  if (forUs !== undefined && ![...chosen].some((name) => name.startsWith('endurance/'))) throw new Complaint('--for says how long "endurance" goes on; the other benchmarks take as long as they take');
  const subject: Subject = { simulate, sweep, dumped, refold, queueRate, check, live, forUs };
  const paint = paintFor(process.stdout.isTTY, process.env);
  const rows: Row[] = [];
  for (const one of BENCHES) {
    if (!one.rows.some((name) => chosen.has(name))) continue;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${one.about} ...`);
    const measured = (await one.measure(subject)).filter((row) => chosen.has(row.name));
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
    rows.push(...measured);
    if (flags.json !== true) for (const row of measured) process.stdout.write(`${rowLine(row, paint)}\n`);
  }
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ rows })}\n`);
  return EXIT.held;
}

/** A name is a row, or what stands before the slash of several. */
function choose(names: readonly string[]): ReadonlySet<string> {
  const all = BENCHES.flatMap((one) => one.rows);
  const families = [...new Set(all.map((name) => name.split('/')[0] as string))];
  if (names.length === 0) return new Set(BENCHES.filter((one) => one.onlyByName !== true).flatMap((one) => one.rows));
  return new Set(names.flatMap((name) => {
    if (all.includes(name)) return [name];
    if (families.includes(name)) return all.filter((row) => row.startsWith(`${name}/`));
    throw new Complaint(`unknown benchmark "${name}": did you mean "${nearest(name, [...all, ...families])}"? (expected one of: ${all.join(', ')})`);
  }));
}

function requestOf(spec: RunSpec): RunRequest {
  const { scenario, nodes, forUs, faults } = spec;
  return {
    seed: spec.seed,
    options: { scenario, ...(nodes === undefined ? {} : { nodes }), ...(forUs === undefined ? {} : { forUs }), ...(faults === undefined ? {} : { faults }) },
    checked: spec.checked === true,
    realCrypto: false,
  };
}

async function outcomesOf(thread: SimulatorThread, requests: readonly RunRequest[]): Promise<readonly RunOutcome[]> {
  const answer = await thread.perform({ kind: 'batch', requests });
  if (answer.kind !== 'batch') throw new Error(`the simulator thread answered "${answer.kind}" to a batch`);
  return answer.outcomes.map(sound);
}

/** The speed of a run that failed means nothing. */
function sound(outcome: RunOutcome): RunOutcome {
  const { result } = outcome;
  if (result.broke !== undefined) throw new Error(`seed ${result.seed} of ${result.scenario} broke: ${result.broke.message}`);
  const violated = result.properties.find((property) => property.verdict === 'violated');
  if (violated !== undefined) throw new Error(`seed ${result.seed} of ${result.scenario} violated ${violated.id}: its speed means nothing`);
  return outcome;
}

async function simulate(spec: RunSpec, moments: readonly number[] = []): Promise<Measured> {
  const thread = new SimulatorThread();
  try {
    const warmUp = Array.from({ length: 5 }, (_, i) => ({ ...requestOf({ ...spec, forUs: 5_000_000 }), seed: 900 + i }));
    await outcomesOf(thread, warmUp);
    const passedMs = moments.map(() => 0);
    const watch = watchMoments(thread, moments, passedMs);
    const report = await thread.perform({ kind: 'one', request: requestOf(spec) });
    clearInterval(watch);
    if (report.kind !== 'ran') throw new Error(`the simulator thread answered "${report.kind}" to one run`);
    const { result, wallMs, heapMb } = sound(report.outcome);
    return { simulatedUs: result.simulatedUs, wallMs, events: result.events, steps: result.steps, heapMb, passedMs };
  } finally {
    await thread.end();
  }
}

/** Looks at the thread's simulated time from outside, and interpolates between two looks. */
function watchMoments(thread: SimulatorThread, moments: readonly number[], passedMs: number[]): NodeJS.Timeout {
  const started = performance.now();
  let last = { at: 0, simulatedUs: 0 };
  return setInterval(() => {
    const now = { at: performance.now() - started, simulatedUs: thread.simulatedUs };
    for (const [i, moment] of moments.entries()) {
      if (now.simulatedUs < moment || last.simulatedUs >= moment || now.simulatedUs <= last.simulatedUs) continue;
      passedMs[i] = last.at + ((moment - last.simulatedUs) / (now.simulatedUs - last.simulatedUs)) * (now.at - last.at);
    }
    last = now;
  }, POLL_MS);
}

async function sweep(specs: readonly RunSpec[], jobs: number): Promise<{ runs: number; events: number; wallMs: number }> {
  const threads = Array.from({ length: jobs }, () => new SimulatorThread());
  try {
    const requests = specs.map(requestOf);
    await Promise.all(threads.map((thread) => outcomesOf(thread, requests.slice(0, 20))));
    const started = performance.now();
    let events = 0;
    let next = 0;
    await Promise.all(threads.map(async (thread) => {
      while (next < requests.length) {
        const batch = requests.slice(next, (next += 10));
        for (const { result } of await outcomesOf(thread, batch)) events += result.events;
      }
    }));
    return { runs: requests.length, events, wallMs: performance.now() - started };
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

async function dumped<T>(spec: RunSpec, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const thread = new SimulatorThread();
  try {
    // No snapshots on the way: they would let the journals forget the events that are to be refolded.
    const { resolve } = await import('../scenarios/run.ts');
    const request = requestOf(spec);
    const runFile = { ...resolve(spec.seed, request.options), snapshotEvery: 10_000_000 };
    await thread.perform({ kind: 'one', request: { ...request, runFile }, dump: folder });
    return await use(folder);
  } finally {
    await thread.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function refold(folder: string): Promise<{ events: number; wallMs: number }> {
  const { replayFolder } = await import('./replay.ts');
  const started = performance.now();
  const answers = replayFolder(folder);
  const wallMs = performance.now() - started;
  const wrong = answers.find((answer) => answer.verdict !== 'match');
  if (wrong !== undefined) throw new Error(`a journal that was just written does not refold: ${wrong.message ?? wrong.verdict}`);
  return { events: answers.reduce((sum, answer) => sum + answer.steps, 0), wallMs };
}

async function check(history: string, model: string): Promise<{ verdict: string; wallMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  try {
    const file = join(folder, 'history');
    writeFileSync(file, history);
    const program = fileURLToPath(new URL('lockstep.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program, 'check', file, '--model', model, '--json']).catch((error: { stdout?: string }) => {
      // The verdict "unknown" has an exit code of its own, and a document all the same.
      if (error.stdout === undefined || error.stdout === '') throw error;
      return { stdout: error.stdout };
    });
    return JSON.parse(stdout) as { verdict: string; wallMs: number };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All threads measure at the same time; their rates add up. */
async function queueRate(jobs: number): Promise<number> {
  const source = `import { parentPort } from 'node:worker_threads';
    const { referenceRate } = await import(${JSON.stringify(new URL('../bench/reference/rate.ts', import.meta.url).href)});
    referenceRate(${DEPTH}, ${QUEUE_OPERATIONS / 4});
    parentPort.postMessage('warm');
    parentPort.once('message', () => { parentPort.postMessage(referenceRate(${DEPTH}, ${QUEUE_OPERATIONS})); });`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const workers = Array.from({ length: jobs }, () => new Worker(url));
  const heard = (worker: Worker): Promise<unknown> => new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await Promise.all(workers.map(heard));
  for (const worker of workers) worker.postMessage('go');
  const rates = (await Promise.all(workers.map(heard))) as number[];
  await Promise.all(workers.map((worker) => worker.terminate()));
  return rates.reduce((sum, rate) => sum + rate, 0);
}
