// `register`: one value, nil at first; `read` and `write`.

import type { Model } from './machine.ts';
import { ValueRegister } from './value-register.ts';

export const register: Model = {
  name: 'register',
  functions: ['read', 'write'],
  reads: 'read',
  keyed: false,
  faultOfCall: () => undefined,
  faultOfReturn: () => undefined,
  compile: (operations, timeline) => new ValueRegister(operations, timeline),
};
