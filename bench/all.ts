// Every benchmark there is.

import { CHECK } from './check.ts';
import { CODEC } from './codec.ts';
import { ENDURANCE } from './endurance.ts';
import { ENVELOPE } from './envelope.ts';
import { HOSTILE } from './hostile.ts';
import { JOURNALS } from './journals.ts';
import { LIVE } from './live.ts';
import { NETWORK } from './network.ts';
import { PLAN } from './plan.ts';
import type { Bench } from './row.ts';
import { SIMULATOR } from './simulator.ts';

export const BENCHES: readonly Bench[] = [
  ...SIMULATOR, ...JOURNALS, ...CODEC, ...ENVELOPE, ...PLAN, ...CHECK, ...NETWORK, ...LIVE, ...HOSTILE, ...ENDURANCE,
];
