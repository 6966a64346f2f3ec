// The part of a run that a page shows: steps, messages, operations, faults and what became of the nodes. Columns of small
// numbers and one table of texts, because tens of thousands of rows travel inside one file. Times are microseconds since
// `fromUs`; a place that is not in the window is -1.

export type Fate = (typeof FATES)[number];

/** What became of a frame. `under way`: the run ended first. */
export const FATES = ['delivered', 'cut', 'dropped', 'corrupted', 'down', 'paused', 'under way'] as const;
export const CAUSES = ['boot', 'recovered', 'deadline', 'message', 'request', 'order', 'publish', 'planEdit', 'drain', 'outcome', 'parentHead'] as const;
export const EFFECTS = ['send', 'reply', 'call', 'fact'] as const;
/** Of one member of one group. What stands in `changes` is `place of the group * FIELDS.length + place of the field`. */
export const FIELDS = ['role', 'term', 'leader', 'vote', 'commit', 'applied', 'logFrom', 'logTo', 'resting', 'halted'] as const;
export const ROLES = ['no member', 'follower', 'preCandidate', 'candidate', 'leader'] as const;
export const BEFELL = ['crashed', 'stopped', 'restarted', 'refused', 'damaged'] as const;

/** [place in `kinds`, group (-1: none), text, places in `needs`, texts of its entries] */
export type MessageRow = readonly [kind: number, group: number, text: number, needs: readonly number[], entries: readonly number[]];
/** [place in EFFECTS, to or client or -1, message or text, arrow or -1] */
export type EffectRow = readonly [kind: number, whom: number, about: number, arrow: number];

export interface Steps {
  readonly node: number[];
  readonly sequence: number[];
  /** When the node handled it, as nearly as what crossed its ports tells; and when it was durable, so that effects could leave. */
  readonly at: number[];
  readonly out: number[];
  /** Place in CAUSES. */
  readonly cause: number[];
  /** Of a message its sender; of a request or order its client; otherwise 0. */
  readonly from: number[];
  /** Of a message its place in `messages`, otherwise in `texts`. */
  readonly about: number[];
  /** Of a request: its place in `needs`. */
  readonly need: number[];
  /** The arrow that brought the message, or the operation that the request is. */
  readonly source: number[];
  /** Undefined: not known. */
  readonly effects: (readonly EffectRow[] | null)[];
  /** Field and value in turn; null: from here on the state is not known. */
  readonly changes: (readonly number[] | null)[];
}

export interface Arrows {
  readonly from: number[];
  readonly to: number[];
  readonly fromStep: number[];
  readonly toStep: number[];
  readonly sentAt: number[];
  readonly endAt: number[];
  /** Place in FATES. */
  readonly fate: number[];
  /** 1: the second of a frame that was duplicated under way. */
  readonly copy: number[];
  readonly message: number[];
}

export interface Operations {
  readonly client: number[];
  readonly node: number[];
  readonly text: number[];
  readonly need: number[];
  readonly invokedAt: number[];
  readonly step: number[];
  /** Step whose effect answered it, and when that left the node. */
  readonly replyStep: number[];
  readonly repliedAt: number[];
  readonly returnedAt: number[];
  readonly answer: number[];
}

/** What led to a violation: steps of the window in the order of time, and the arrows between them. */
export interface CausalPath {
  readonly property: string;
  /** The step at which the page opens; -1 if the window does not have it. */
  readonly step: number;
  /** What the step sent although it was not durable yet, so that no journal holds the step; otherwise -1. */
  readonly arrow: number;
  readonly steps: readonly number[];
  readonly arrows: readonly number[];
  /** How the steps were chosen, for a person. */
  readonly about: string;
}

/** How likely the failure was from each of these moments; drawn below everything else. */
export interface WhyCurve {
  readonly points: readonly { readonly atUs: number; readonly likelihood: number }[];
  /** Where it became inevitable, if that is known. */
  readonly jumpAtUs?: number;
  readonly label?: string;
}

export interface Timeline {
  readonly nodes: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly healedAt: number;
  /** Steps of the whole run; the window has the last of them. */
  readonly stepsOfRun: number;
  readonly texts: readonly string[];
  readonly needs: readonly string[];
  readonly kinds: readonly string[];
  readonly groups: readonly number[];
  readonly messages: readonly MessageRow[];
  /** By node id from 1, where the window begins: whether it is up, and its fields (null: not known). */
  readonly start: readonly { readonly up: boolean; readonly fields: readonly number[] | null }[];
  readonly steps: Steps;
  readonly arrows: Arrows;
  readonly operations: Operations;
  /** [node, when, place in BEFELL, text] */
  readonly befell: readonly (readonly [number, number, number, number])[];
  /** [text, nodes (none: all), from, until (-1: to the end)] */
  readonly faults: readonly (readonly [number, readonly number[], number, number])[];
  readonly paths: readonly CausalPath[];
  readonly why?: WhyCurve;
}
