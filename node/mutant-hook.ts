// Plants a bug: a module hook replaces one line of one of our sources while it is loaded. It must be installed before the
// simulator is imported, in the same thread; whoever wants several mutants starts a worker for each.

import { registerHooks } from 'node:module';
import { MUTANTS } from '../nemesis/mutants/list.ts';
import type { Mutant } from '../nemesis/mutants/mutant.ts';
import { plant } from '../nemesis/mutants/mutant.ts';

export interface Hook {
  /** True once the source with the bug was loaded: a mutant that was never loaded proves nothing. */
  readonly planted: boolean;
}

export function installMutant(mutant: Mutant): Hook {
  const target = new URL(`../${mutant.file}`, import.meta.url).href;
  const hook = { planted: false };
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url.split(/[?#]/)[0] !== target) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array);
      const planted = plant(mutant, source);
      if (!planted.ok) throw new Error(`the line that mutant ${mutant.name} replaces is found ${planted.found} times in ${mutant.file}, expected once`);
      hook.planted = true;
      return { ...loaded, source: planted.source, shortCircuit: true };
    },
  });
  return hook;
}

export function plantByName(name: string): Hook {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  return installMutant(mutant);
}
