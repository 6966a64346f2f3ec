// What is shown: nodes, kinds of messages, and one need. A step that names another need stays where it is, faintly.

import type { RunData } from './run-data.ts';

/** Kinds of messages that belong together, with the colour of each family. */
export const FAMILIES: readonly { readonly name: string; readonly colour: string; readonly kinds: readonly string[] }[] = [
  { name: 'log', colour: '--log', kinds: ['append', 'appendReply'] },
  { name: 'elections', colour: '--election', kinds: ['vote', 'voteReply', 'takeOver'] },
  { name: 'clients', colour: '--client', kinds: ['open', 'opened', 'submit', 'submitted', 'read', 'readReply', 'redirect', 'order', 'ordered'] },
  { name: 'snapshots', colour: '--snapshot', kinds: ['snapshot', 'snapshotReply'] },
  { name: 'other', colour: '--other', kinds: ['hello', 'rest', 'wake'] },
];

export class Filters {
  readonly nodes: Set<number>;
  readonly kinds: Set<string>;
  /** Only what belongs to the causal path. */
  pathOnly = false;
  private readonly data: RunData;
  private readonly family: readonly number[];
  private needs: ReadonlySet<number> | undefined;
  private wanted = '';

  constructor(data: RunData) {
    this.data = data;
    this.nodes = new Set(Array.from({ length: data.line.nodes }, (_, place) => place + 1));
    this.kinds = new Set(data.line.kinds);
    this.family = data.line.kinds.map((kind) => Math.max(0, FAMILIES.findIndex(({ kinds }) => kinds.includes(kind))));
  }

  get need(): string {
    return this.wanted;
  }

  /** Every need whose name holds the text; none of them if nothing is asked for. */
  setNeed(text: string): void {
    this.wanted = text.trim();
    const exact = this.data.line.needs.indexOf(this.wanted);
    const places = exact >= 0 ? [exact] : this.data.line.needs.flatMap((need, place) => (need.includes(this.wanted) ? [place] : []));
    this.needs = this.wanted === '' ? undefined : new Set(places);
  }

  /** How many needs the text names; undefined if all are shown. */
  get needsFound(): number | undefined {
    return this.needs?.size;
  }

  familyOf(message: number): number {
    return this.family[this.data.message(message)[0]] as number;
  }

  showsArrow(arrow: number): boolean {
    const { arrows } = this.data.line;
    if (!this.nodes.has(arrows.from[arrow] as number) || !this.nodes.has(arrows.to[arrow] as number)) return false;
    const row = this.data.message(arrows.message[arrow] as number);
    return this.kinds.has(this.data.line.kinds[row[0]] as string) && (this.needs === undefined || row[3].some((need) => this.needs?.has(need)));
  }

  showsOperation(operation: number): boolean {
    const { operations } = this.data.line;
    return this.nodes.has(operations.node[operation] as number) && (this.needs === undefined || this.needs.has(operations.need[operation] as number));
  }

  /** In full, not faintly. */
  showsStep(step: number): boolean {
    if (this.data.isMessage(step) && !this.kinds.has(this.data.kindOf(this.data.line.steps.about[step] as number))) return false;
    return this.needs === undefined || this.data.needsOfStep(step).some((need) => this.needs?.has(need));
  }
}
