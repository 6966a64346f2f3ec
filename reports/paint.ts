// Colours, where they are wanted: the caller knows whether its stream is a terminal.

import picocolors from 'picocolors';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** NO_COLOR (no-color.org) and a dumb terminal switch colours off; FORCE_COLOR switches them on without a terminal. */
export function paintFor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Paint {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  const forced = (environment['FORCE_COLOR'] ?? '0') !== '0';
  return picocolors.createColors(!refused && (isTerminal || forced));
}
