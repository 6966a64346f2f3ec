// What a process of clients is told to do, and what it says afterwards. Times are of the machine's monotonic clock, which all
// processes share, in milliseconds.

/** How a server is spoken to. `lockstep`: HTTP; `etcd`: gRPC, the protocol its own clients use. */
export type Dialect = 'lockstep' | 'etcd';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Plan {
  readonly dialect: Dialect;
  readonly targets: readonly Target[];
  /** Makes the needs of this process distinct from those of all others. */
  readonly name: string;
  /** Connections to each target. */
  readonly connections: number;
  /** Open loop: so many requests a second begin, whatever has become of earlier ones. Undefined: each connection asks again when it was answered. */
  readonly rate: number | undefined;
  readonly beginsMs: number;
  readonly endsMs: number;
  /** What begins before this moment warms up and is not counted. */
  readonly countsMs: number;
}

/** Answers in a slice of this length are counted together; a row of empty ones is a stall. */
export const SLICE_MS = 10;

export interface Report {
  readonly begun: number;
  readonly decided: number;
  /** Answered otherwise, by status. */
  readonly others: Readonly<Record<string, number>>;
  /** Not answered by the end. */
  readonly open: number;
  /** Latency of what was decided, from the moment at which it was meant to begin: see latency.ts. */
  readonly latency: readonly number[];
  /** Decides by slice after `countsMs`. */
  readonly slices: readonly number[];
  readonly cpuMs: number;
}

export const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
