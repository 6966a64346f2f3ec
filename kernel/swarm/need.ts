// NEED: somebody asks for work. What it requires and produces are names that plans are made of.

import { amount, byCodeUnits, integer, name, record, set, type Schema } from './schema.ts';

export interface Need {
  readonly taskType: string;
  readonly requires: readonly string[];
  readonly produces: readonly string[];
  readonly budgetUnits: bigint;
  readonly epoch: number;
}

const MAX_NAMES = 64;

export const NEED: Schema<Need> = record<Need>({
  taskType: name(),
  requires: set(name(), byCodeUnits, 0, MAX_NAMES),
  produces: set(name(), byCodeUnits, 0, MAX_NAMES),
  budgetUnits: amount(1n, 'notPositive'),
  epoch: integer(0),
});
