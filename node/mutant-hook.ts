// Plants a bug: a module hook replaces lines of our sources while they are loaded. It must be installed before the simulator
// is imported, in the same thread; whoever wants several mutants starts a worker for each.

import { registerHooks } from 'node:module';
import { switched } from '../nemesis/mutants/culprits.ts';
import { MUTANTS } from '../nemesis/mutants/list.ts';
import { plant, type Mutant } from '../nemesis/mutants/mutant.ts';

function transform(file: string, change: (source: string) => string): void {
  const target = new URL(`../${file}`, import.meta.url).href;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url.split(/[?#]/)[0] !== target) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array);
      return { ...loaded, source: change(source), shortCircuit: true };
    },
  });
}

export function installMutant(mutant: Mutant): void {
  for (const file of new Set(mutant.edits.map((edit) => edit.file))) {
    transform(file, (source) => {
      const planted = plant(mutant.edits.filter((edit) => edit.file === file), source);
      if (!planted.ok) throw new Error(`the line that mutant ${mutant.name} replaces is found ${planted.found} times in ${file}, expected once`);
      return planted.source;
    });
  }
}

/** One that can be switched off in the middle of a run. */
export function plantSwitched(name: string): void {
  const mutant = switched(name);
  if (mutant === undefined) throw new Error(`the mutant ${name} cannot be switched`);
  installMutant(mutant);
}

/** One of ours, or a slip of the hand (`op:...`): only that one needs the parser. */
export async function plantByName(name: string): Promise<void> {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant !== undefined) return installMutant(mutant);
  const { mutated } = await import('./operators/sites.ts');
  const { siteNamed, sourceOf } = await import('./operators/drawn.ts');
  const site = siteNamed(name);
  if (site === undefined) throw new Error(`there is no mutant ${name}`);
  const plain = sourceOf(site.file);
  transform(site.file, (source) => {
    if (source !== plain) throw new Error(`${site.file} was changed before ${name} could be planted in it`);
    return mutated(site, source);
  });
}
