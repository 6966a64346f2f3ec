// The ways to give members other names. All are alike at first, so a state and the same state with other names lead to the
// same, with other names: only one of them has to be looked at.

/** By name, from 1: the new name. Names that are none (0, and the client's) stay. */
export type Renaming = readonly number[];

const NAMES = 10;

/** All of them, the one that changes nothing first; or that one alone. */
export function renamings(nodes: number, all: boolean): readonly Renaming[] {
  const orders: number[][] = [];
  const place = (chosen: number[]): void => {
    if (chosen.length === nodes) return void orders.push(chosen);
    for (let node = 1; node <= nodes; node++) if (!chosen.includes(node)) place([...chosen, node]);
  };
  place([]);
  return (all ? orders : orders.slice(0, 1)).map((order) => Array.from({ length: NAMES }, (_, name) => order[name - 1] ?? name));
}
