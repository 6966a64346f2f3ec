// The command that shows a run again.

import type { RunMode } from './sim-options.ts';

const quoted = (word: string): string => (/^[\w./:,@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

export function replayCommand(seed: number, scenario: string, mode: RunMode, runPath?: string): string {
  const { options } = mode;
  const words = runPath === undefined ? ['--seed', String(seed), '--scenario', scenario] : ['--run', quoted(runPath)];
  if (runPath === undefined) {
    if (options.nodes !== undefined) words.push('--nodes', String(options.nodes));
    if (options.forUs !== undefined) words.push('--for', durationFlag(options.forUs));
    if (options.faults !== undefined && options.faults !== 'default') words.push('--faults', typeof options.faults === 'string' ? options.faults : options.faults.join(','));
  }
  if (mode.mutant !== undefined) words.push('--mutant', mode.mutant);
  if (mode.realCrypto) words.push('--real-crypto');
  if (mode.checked) words.push('--checked');
  if (mode.properties !== undefined) words.push('--properties', mode.properties.join(','));
  return `npm run sim -- ${words.join(' ')}`;
}

/** The shortest text that `--for` reads as exactly this. */
function durationFlag(us: number): string {
  if (us % 60_000_000 === 0) return `${us / 60_000_000}m`;
  if (us % 1_000_000 === 0) return `${us / 1_000_000}s`;
  return us % 1_000 === 0 ? `${us / 1_000}ms` : `${us}us`;
}
