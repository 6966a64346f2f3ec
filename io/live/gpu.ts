// The accelerators of this machine, as NVIDIA's driver reports them. The driver is asked in a process of its own
// (gpu-driver.ts says why), which is started at the first question, killed when it does not answer in time, and started again
// for the next one. A machine without a driver has no accelerators: that costs one line, and the node runs on.

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { clipped } from '../../kernel/base/codec.ts';
import { MAX_DEVICE_ID_BYTES, type GpuDevice } from '../../kernel/event.ts';
import type { Gpu } from '../ports.ts';
import type { GpuReply } from './gpu-driver.ts';

export interface LiveGpuOptions {
  readonly nvml: string;
  readonly timeoutMs: number;
}

export const GPU_DEFAULTS: LiveGpuOptions = { nvml: 'libnvidia-ml.so.1', timeoutMs: 5_000 };

/** `silent`: the question may still be open in the driver; nothing is known. */
export class GpuFault extends Error {
  override readonly name = 'GpuFault';
  readonly kind: 'failed' | 'silent';

  constructor(kind: 'failed' | 'silent', message: string) {
    super(message);
    this.kind = kind;
  }
}

interface Open {
  readonly number: number;
  readonly answer: Promise<readonly GpuDevice[]>;
  readonly resolve: (devices: readonly GpuDevice[]) => void;
  readonly reject: (fault: GpuFault) => void;
  readonly timer: NodeJS.Timeout;
}

export class LiveGpu implements Gpu {
  private readonly options: LiveGpuOptions;
  private readonly report: (line: string) => void;
  private driver: ChildProcess | undefined = undefined;
  private open: Open | undefined = undefined;
  private asked = 0;
  /** What the last line told, so that it is not told again before something else happened. */
  private told = '';

  constructor(options: LiveGpuOptions, report: (line: string) => void) {
    this.options = options;
    this.report = report;
  }

  /** Whoever asks while a question is open gets its answer. */
  inventory(): Promise<readonly GpuDevice[]> {
    if (this.open !== undefined) return this.open.answer;
    const driver = this.driver ?? this.begin();
    const number = ++this.asked;
    const { promise: answer, resolve, reject } = Promise.withResolvers<readonly GpuDevice[]>();
    const timer = setTimeout(() => this.hung(), this.options.timeoutMs);
    this.open = { number, answer, resolve, reject, timer };
    driver.send({ number }, (error) => {
      if (error !== null && this.open?.number === number) this.settle(new GpuFault('silent', 'the driver process ended'));
    });
    return answer;
  }

  private begin(): ChildProcess {
    const file = fileURLToPath(new URL('./gpu-driver.ts', import.meta.url));
    const driver = fork(file, [this.options.nvml], { stdio: 'ignore', execArgv: [] });
    this.driver = driver;
    driver.on('message', (reply) => this.heard(reply as GpuReply));
    driver.on('error', () => undefined);
    driver.on('exit', () => {
      if (this.driver !== driver) return;
      this.driver = undefined;
      this.settle(new GpuFault('silent', 'the driver process ended'));
    });
    // A node that ends does not wait for its driver.
    driver.unref();
    driver.channel?.unref();
    return driver;
  }

  private heard(reply: GpuReply): void {
    if (reply.number !== this.open?.number) return;
    if (reply.kind === 'devices') {
      this.tell('answers', `GPU driver answers: ${reply.devices.length} ${reply.devices.length === 1 ? 'device' : 'devices'}`);
      return this.settle(reply.devices.map((device) => ({ ...device, id: clipped(device.id, MAX_DEVICE_ID_BYTES) })));
    }
    if (reply.kind === 'missing') {
      this.tell('missing', `no GPU driver (${this.options.nvml}: ${reply.reason}); the node offers no accelerators`);
      return this.settle([]);
    }
    this.tell('failed', `GPU driver failed (${reply.reason}); its devices count as lost until it answers again`);
    this.settle(new GpuFault('failed', reply.reason));
  }

  private hung(): void {
    this.tell('hung', `GPU driver has not answered for ${this.options.timeoutMs} ms; its process was killed and is started again for the next question`);
    const driver = this.driver;
    this.driver = undefined;
    driver?.kill('SIGKILL');
    this.settle(new GpuFault('silent', `no answer within ${this.options.timeoutMs} ms`));
  }

  private settle(result: readonly GpuDevice[] | GpuFault): void {
    const open = this.open;
    if (open === undefined) return;
    this.open = undefined;
    clearTimeout(open.timer);
    if (result instanceof GpuFault) open.reject(result);
    else open.resolve(result);
  }

  private tell(what: string, line: string): void {
    const first = this.told === '' && what === 'answers';
    if (this.told !== what && !first) this.report(line);
    this.told = what;
  }

  stop(): void {
    const driver = this.driver;
    this.driver = undefined;
    driver?.kill('SIGKILL');
    this.settle(new GpuFault('silent', 'the node stops'));
  }
}
