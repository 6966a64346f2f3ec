// Every model that a history can be checked against.

import { casRegister } from './cas-register.ts';
import { decide } from './decide.ts';
import { kv } from './kv.ts';
import type { Model } from './machine.ts';
import { register } from './register.ts';

export const MODELS: readonly Model[] = [register, casRegister, kv, decide];
