// A worker thread that simulates, seen from the main thread: it is given one task at a time and promises its report. The main
// thread stays free to show progress and to hear signals.

import { Worker } from 'node:worker_threads';
import { Complaint } from './complaint.ts';
import { SHARED, type WorkerReport, type WorkerSettings, type WorkerTask } from './run-request.ts';

export class SimulatorThread {
  private readonly worker: Worker;
  private readonly cells: Float64Array;
  private onReport: ((report: WorkerReport) => void) | undefined;
  private onDeath: ((error: Error) => void) | undefined;
  private dead: Error | undefined;

  constructor(mutant?: string, switched: boolean = false) {
    const shared = new SharedArrayBuffer(SHARED.words * 8);
    this.cells = new Float64Array(shared);
    const settings: WorkerSettings = mutant === undefined ? { shared } : { shared, mutant, switched };
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: settings });
    this.worker.on('message', (report: WorkerReport) => this.onReport?.(report));
    this.worker.on('error', (error) => this.died(error));
    this.worker.on('exit', () => this.died(new Error('the simulator thread ended unexpectedly')));
  }

  /** Runs a task to its last report. Reports before it go to `early`. */
  perform(task: WorkerTask, early?: (report: WorkerReport) => void): Promise<WorkerReport> {
    return new Promise((resolve, reject) => {
      if (this.dead !== undefined) return reject(this.dead);
      this.onDeath = reject;
      this.onReport = (report) => {
        if (report.kind === 'resolved' || report.kind === 'shrinking' || report.kind === 'asking') early?.(report);
        else if (report.kind === 'complaint') reject(new Complaint(report.sentence));
        else resolve(report);
      };
      this.worker.postMessage(task);
    });
  }

  /** The run in progress ends at its next look at the clock. */
  stop(): void {
    this.cells[SHARED.stop] = 1;
  }

  get stopping(): boolean {
    return this.cells[SHARED.stop] !== 0;
  }

  get seed(): number {
    return this.cells[SHARED.seed] as number;
  }

  get simulatedUs(): number {
    return this.cells[SHARED.simulatedUs] as number;
  }

  get events(): number {
    return this.cells[SHARED.events] as number;
  }

  async end(): Promise<void> {
    this.dead ??= new Error('the simulator thread was ended');
    await this.worker.terminate();
  }

  private died(error: Error): void {
    this.dead ??= error;
    this.onDeath?.(error);
  }
}
