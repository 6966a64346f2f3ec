// The strip above the picture: the whole window of the report, and which part of it is shown.

import type { Picture } from './picture.ts';
import { coloursOf, prepare } from './surface.ts';
import { GUTTER, type Viewport } from './view.ts';

/** The whole window in a strip: how much went on, faults, violations, and which part is shown below. */
export function drawOverview(canvas: HTMLCanvasElement, picture: Picture, view: Viewport, height: number): void {
  const { data } = picture;
  const c = prepare(canvas, view.width, height);
  const colour = coloursOf(canvas);
  const x = (us: number): number => GUTTER + (us / data.endUs) * (view.width - GUTTER);
  const columns = Math.ceil((view.width - GUTTER) / 2);
  const counts = new Float64Array(columns);
  let most = 1;
  for (const at of data.line.steps.at) {
    const column = Math.min(columns - 1, Math.floor(((at / data.endUs) * (view.width - GUTTER)) / 2));
    counts[column] = (counts[column] ?? 0) + 1;
    most = Math.max(most, counts[column] as number);
  }
  for (const { from, until, row } of picture.bars) {
    c.fillStyle = colour('--fault');
    c.fillRect(x(from), 2 + row * 3, Math.max(1, x(until) - x(from)), 2);
  }
  c.fillStyle = colour('--activity');
  for (let column = 0; column < columns; column++) {
    const bar = Math.sqrt((counts[column] as number) / most) * (height - 16);
    c.fillRect(GUTTER + column * 2, height - 2 - bar, 1.6, bar);
  }
  for (const { violation } of data.violated) {
    if (violation === undefined) continue;
    c.fillStyle = colour('--bad');
    c.fillRect(x(violation.atUs - data.line.fromUs) - 1, 0, 2, height);
  }
  const [left, right] = [x(view.from), x(view.until)];
  c.fillStyle = colour('--veil');
  c.fillRect(GUTTER, 0, Math.max(0, left - GUTTER), height);
  c.fillRect(right, 0, Math.max(0, view.width - right), height);
  c.strokeStyle = colour('--chosen');
  c.lineWidth = 1.5;
  c.strokeRect(left, 1, Math.max(3, right - left), height - 2);
  c.fillStyle = colour('--soft');
  c.textAlign = 'left';
  c.fillText('all shown', 8, height / 2);
}
