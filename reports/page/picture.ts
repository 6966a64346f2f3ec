// What is drawn, which messages are in sight, and where a message begins and ends on the screen.

import type { Filters } from './filters.ts';
import type { RunData } from './run-data.ts';
import { GUTTER, type FaultBar, type Layout, type Viewport } from './view.ts';

export interface Picture {
  readonly data: RunData;
  readonly filters: Filters;
  readonly bars: readonly FaultBar[];
  /** By node: when any fault concerned it. */
  readonly shades: readonly (readonly (readonly [number, number])[])[];
  /** By node: when it was down. */
  readonly down: readonly (readonly (readonly [number, number])[])[];
  /** By node: when it led which group. */
  readonly led: readonly (readonly Led[])[];
  readonly path: { readonly steps: ReadonlySet<number>; readonly arrows: ReadonlySet<number> };
}

export interface Led {
  readonly group: number;
  readonly term: number;
  readonly from: number;
  until: number;
}

export interface Chosen {
  readonly step: number;
  readonly arrow: number;
}

/** More messages in sight are not drawn one by one. */
export const MOST_ARROWS = 1_800;
/** So few are drawn with the points of their arrows. */
export const FEW_ARROWS = 260;
/** Of what was lost or doubled, where not every message is drawn. */
export const MOST_LOST = 400;

/** Where a group leads is told by its colour; after eight they repeat, and the label says which. */
export const groupColour = (place: number): string => `--group${place % 8}`;

/** Arrows in sight that the filters let through. */
export function arrowsInSight(picture: Picture, view: Viewport): number[] {
  const { arrows } = picture.data.line;
  const out: number[] = [];
  for (let arrow = 0; arrow < arrows.from.length; arrow++) {
    const [from, until] = spanOf(picture.data, arrow);
    if (until >= view.from && from <= view.until && picture.filters.showsArrow(arrow)) out.push(arrow);
  }
  return out;
}

function spanOf(data: RunData, arrow: number): readonly [number, number] {
  const { arrows } = data.line;
  const sent = arrows.sentAt[arrow] as number;
  const end = arrows.endAt[arrow] as number;
  return [sent < 0 ? end : sent, end < 0 ? data.endUs : end];
}

/** Where an arrow begins and ends on the screen. One that was lost on its way ends before the lane. */
export function lineOf(picture: Picture, view: Viewport, layout: Layout, arrow: number): readonly [number, number, number, number] | undefined {
  const { arrows } = picture.data.line;
  const y1 = layout.middle.get(arrows.from[arrow] as number);
  const y2 = layout.middle.get(arrows.to[arrow] as number);
  if (y1 === undefined || y2 === undefined) return undefined;
  const sent = arrows.sentAt[arrow] as number;
  const end = arrows.endAt[arrow] as number;
  const fate = picture.data.tables.fates[arrows.fate[arrow] as number];
  if (sent < 0) return [Math.max(GUTTER, view.x(end) - 14), y1 + (y2 - y1) * 0.4, view.x(end), y2];
  if (fate === 'cut' || fate === 'dropped' || fate === 'corrupted') return [view.x(sent), y1, view.x(sent) + 10, y1 + (y2 - y1) * (layout.lane > 40 ? 0.45 : 0.6)];
  return [view.x(sent), y1, view.x(end < 0 ? picture.data.endUs : end), y2];
}
