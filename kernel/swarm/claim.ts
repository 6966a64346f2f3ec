// CLAIM, HEARTBEAT, YIELD, RELEASE: who works on a task, that they still do, and that they do no longer.

import { amount, checked, integer, name, oneOf, record, share, text, type Schema } from './schema.ts';

export interface Claim {
  readonly taskId: string;
  readonly leaseTtlMs: number;
  readonly costUnits: bigint;
  readonly etaMs: number;
  readonly heartbeatIntervalMs: number;
}

export interface Heartbeat {
  readonly lease: string;
  /** In millionths. */
  readonly progress: number;
}

export interface Yield {
  readonly taskId: string;
  readonly reason: string;
}

export interface Release {
  readonly taskId: string;
  readonly lease: string;
  readonly why: 'timeout' | 'heartbeatMiss';
}

export const MIN_LEASE_MS = 60_000;
/** A year: who wants a task for longer claims it again. */
const MAX_LEASE_MS = 31_536_000_000;

export const CLAIM: Schema<Claim> = checked(
  record<Claim>({
    taskId: name(),
    leaseTtlMs: integer(MIN_LEASE_MS, MAX_LEASE_MS, 'below60s'),
    costUnits: amount(1n, 'notPositive'),
    etaMs: integer(1, undefined, 'notPositive'),
    heartbeatIntervalMs: integer(1, undefined, 'notPositive'),
  }),
  'heartbeatNotBelowTtl',
  (claim) => claim.heartbeatIntervalMs < claim.leaseTtlMs,
);

export const HEARTBEAT: Schema<Heartbeat> = record<Heartbeat>({ lease: name(), progress: share() });

export const YIELD: Schema<Yield> = record<Yield>({ taskId: name(), reason: text() });

export const RELEASE: Schema<Release> = record<Release>({ taskId: name(), lease: name(), why: oneOf('timeout', 'heartbeatMiss') });
