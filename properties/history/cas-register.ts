// `cas-register`: one value, nil at first; `read`, `write`, and `cas [from to]`, which succeeds only if it finds `from`. One
// that failed did not happen: whether it failed because of the value, a history does not say.

import type { Model } from './machine.ts';
import type { Value } from './operation.ts';
import { ValueRegister } from './value-register.ts';
import { textOf } from './value-text.ts';

export const casRegister: Model = {
  name: 'cas-register',
  functions: ['read', 'write', 'cas'],
  reads: 'read',
  keyed: false,
  faultOfCall: (f: string, argument: Value) => (f !== 'cas' || (typeof argument !== 'string' && argument.length === 2) ? undefined : `"cas" expects two values such as [1 2], got ${textOf(argument)}`),
  faultOfReturn: () => undefined,
  compile: (operations, timeline) => new ValueRegister(operations, timeline),
};
