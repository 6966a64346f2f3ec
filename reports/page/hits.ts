// What lies under the pointer: a step, or a message.

import { arrowsInSight, lineOf, MOST_ARROWS, type Chosen, type Picture } from './picture.ts';
import type { Layout, Viewport } from './view.ts';

const STEP_PIXELS = 9;
const ARROW_PIXELS = 5;

export function hitAt(picture: Picture, view: Viewport, layout: Layout, x: number, y: number): Chosen {
  for (const [node, middle] of layout.middle) {
    if (Math.abs(y - middle) > Math.min(STEP_PIXELS, layout.lane / 2)) continue;
    const step = nearestStep(picture, node, view.us(x));
    if (step >= 0 && Math.abs(view.x(picture.data.line.steps.at[step] as number) - x) <= STEP_PIXELS) return { step, arrow: -1 };
  }
  const inSight = arrowsInSight(picture, view);
  if (inSight.length > MOST_ARROWS) return { step: -1, arrow: -1 };
  let best = -1;
  let least = ARROW_PIXELS;
  for (const arrow of inSight) {
    const line = lineOf(picture, view, layout, arrow);
    const away = line === undefined ? ARROW_PIXELS + 1 : distance(x, y, line);
    if (away < least) [best, least] = [arrow, away];
  }
  return { step: -1, arrow: best };
}

function distance(x: number, y: number, [x1, y1, x2, y2]: readonly [number, number, number, number]): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const part = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / Math.max(1e-9, dx * dx + dy * dy)));
  return Math.hypot(x - x1 - part * dx, y - y1 - part * dy);
}

/** Of those in full, or of all if none is. -1 for a node without steps. */
export function nearestStep(picture: Picture, node: number, us: number): number {
  const { data, filters } = picture;
  const list = data.stepsOf[node] as readonly number[];
  const from = data.firstStepAt(node, us);
  let [low, high] = [from - 1, from];
  while (low >= 0 && !filters.showsStep(list[low] as number)) low--;
  while (high < list.length && !filters.showsStep(list[high] as number)) high++;
  const at = (rank: number): number => data.line.steps.at[list[rank] as number] as number;
  if (low < 0 && high >= list.length) return -1;
  if (low < 0) return list[high] as number;
  if (high >= list.length) return list[low] as number;
  return (us - at(low) <= at(high) - us ? list[low] : list[high]) as number;
}
