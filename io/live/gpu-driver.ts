// The process that talks to NVIDIA's driver, through NVML (libnvidia-ml.so.1). It is a process and not a thread because a
// driver can hang in a call for ever: a thread that is stuck in native code cannot be ended, and keeps even `process.exit`
// from returning; a process can be killed. It answers one question at a time and ends with its parent.

import koffi from 'koffi';

/** What the parent asks: read the inventory. The number comes back with the answer. */
export interface GpuQuestion {
  readonly number: number;
}

export interface GpuReading {
  readonly id: string;
  readonly memoryMb: number;
  readonly usedMb: number;
}

export type GpuReply =
  | { readonly number: number; readonly kind: 'devices'; readonly devices: readonly GpuReading[] }
  /** The library is there and said no. */
  | { readonly number: number; readonly kind: 'failed'; readonly reason: string }
  /** There is no driver on this machine. */
  | { readonly number: number; readonly kind: 'missing'; readonly reason: string };

const NVML_SUCCESS = 0;
const NVML_ERROR_ALREADY_INITIALIZED = 5;
const MAX_DEVICES = 64;
const UUID_BYTES = 96;
const MIB = 1024 * 1024;

interface Nvml {
  init(): number;
  shutdown(): number;
  errorString(code: number): string;
  count(out: [number]): number;
  handle(index: number, out: [unknown]): number;
  uuid(device: unknown, out: Buffer, length: number): number;
  memory(device: unknown, out: { total?: Wide; free?: Wide; used?: Wide }): number;
}

/** koffi gives an unsigned 64-bit value as a number while it is exact, and as a bigint beyond. */
type Wide = number | bigint;

/** Whole mebibytes, which are exact in a number for any memory there is. */
function mebibytes(bytes: Wide | undefined): number {
  return Number(BigInt(bytes ?? 0) / BigInt(MIB));
}

class DriverFault extends Error {
  override readonly name = 'DriverFault';
}

function load(path: string): Nvml {
  const library = koffi.load(path);
  const memory = koffi.struct({ total: 'uint64_t', free: 'uint64_t', used: 'uint64_t' });
  // koffi's types say `any` for every function; the signatures below are those of nvml.h.
  return {
    init: library.func('nvmlInit_v2', 'int', []),
    shutdown: library.func('nvmlShutdown', 'int', []),
    errorString: library.func('nvmlErrorString', 'str', ['int']),
    count: library.func('nvmlDeviceGetCount_v2', 'int', [koffi.out(koffi.pointer('uint32_t'))]),
    handle: library.func('nvmlDeviceGetHandleByIndex_v2', 'int', ['uint32_t', koffi.out(koffi.pointer('void *'))]),
    uuid: library.func('nvmlDeviceGetUUID', 'int', ['void *', 'void *', 'uint32_t']),
    memory: library.func('nvmlDeviceGetMemoryInfo', 'int', ['void *', koffi.out(koffi.pointer(memory))]),
  };
}

function check(nvml: Nvml, code: number, what: string): void {
  if (code !== NVML_SUCCESS) throw new DriverFault(`${what}: ${nvml.errorString(code)}`);
}

/** A device that fails while others answer is left out: the kernel sees it as lost. */
function inventory(nvml: Nvml): GpuReading[] {
  const begun = nvml.init();
  if (begun !== NVML_ERROR_ALREADY_INITIALIZED) check(nvml, begun, 'nvmlInit');
  try {
    const count: [number] = [0];
    check(nvml, nvml.count(count), 'nvmlDeviceGetCount');
    const devices: GpuReading[] = [];
    let fault: unknown;
    for (let index = 0; index < Math.min(count[0], MAX_DEVICES); index++) {
      try {
        devices.push(reading(nvml, index));
      } catch (error) {
        fault = error;
      }
    }
    if (devices.length === 0 && fault !== undefined) throw fault;
    return devices;
  } finally {
    nvml.shutdown();
  }
}

function reading(nvml: Nvml, index: number): GpuReading {
  const handle: [unknown] = [null];
  check(nvml, nvml.handle(index, handle), `device ${index}`);
  const name = Buffer.alloc(UUID_BYTES);
  check(nvml, nvml.uuid(handle[0], name, UUID_BYTES), `the identity of device ${index}`);
  const memory: { total?: Wide; free?: Wide; used?: Wide } = {};
  check(nvml, nvml.memory(handle[0], memory), `the memory of device ${index}`);
  const id = name.toString('latin1', 0, Math.max(0, name.indexOf(0)));
  return { id, memoryMb: mebibytes(memory.total), usedMb: mebibytes(memory.used) };
}

/** The library is loaded at the first question, and again if it was missing: drivers are installed while nodes run. */
function answer(number: number, path: string, loaded: { nvml: Nvml | undefined }): GpuReply {
  try {
    loaded.nvml ??= load(path);
  } catch (error) {
    return { number, kind: 'missing', reason: String((error as Error).message).split('\n')[0] as string };
  }
  try {
    return { number, kind: 'devices', devices: inventory(loaded.nvml) };
  } catch (error) {
    if (!(error instanceof DriverFault)) throw error;
    return { number, kind: 'failed', reason: error.message };
  }
}

/** On Linux the kernel kills this process with its parent, even when it is stuck in a call. */
function endWithParent(): void {
  process.on('disconnect', () => process.exit(0));
  if (process.platform !== 'linux') return;
  const PR_SET_PDEATHSIG = 1;
  const SIGKILL = 9;
  koffi.load(null).func('int prctl(int option, unsigned long argument)')(PR_SET_PDEATHSIG, SIGKILL);
}

endWithParent();
const library = process.argv[2] as string;
const loaded: { nvml: Nvml | undefined } = { nvml: undefined };
process.on('message', (question: GpuQuestion) => {
  process.send?.(answer(question.number, library, loaded));
});
