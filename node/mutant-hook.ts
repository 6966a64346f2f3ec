// Plants a bug: a module hook replaces lines of our sources while they are loaded. It must be installed before the simulator
// is imported, in the same thread; whoever wants several mutants starts a worker for each.

import { registerHooks } from 'node:module';
import { MUTANTS } from '../nemesis/mutants/list.ts';
import { plant, type Mutant } from '../nemesis/mutants/mutant.ts';

export function installMutant(mutant: Mutant): void {
  const targets = new Map(mutant.edits.map(({ file }) => [new URL(`../${file}`, import.meta.url).href, file]));
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const file = targets.get(url.split(/[?#]/)[0] as string);
      if (file === undefined) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array);
      const planted = plant(mutant.edits.filter((edit) => edit.file === file), source);
      if (!planted.ok) throw new Error(`the line that mutant ${mutant.name} replaces is found ${planted.found} times in ${file}, expected once`);
      return { ...loaded, source: planted.source, shortCircuit: true };
    },
  });
}

export function plantByName(name: string): void {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  installMutant(mutant);
}
