// Draws the run: lanes, steps, messages, faults, properties. Where more messages are in sight than an eye can follow, it draws
// how much went on instead, and still shows what was lost, what was doubled, and the causal path.

import { Background } from './background.ts';
import { Foreground } from './foreground.ts';
import { arrowsInSight, FEW_ARROWS, MOST_ARROWS, type Chosen, type Picture } from './picture.ts';
import { coloursOf, prepare } from './surface.ts';
import type { Layout, Viewport } from './view.ts';

export function drawRun(canvas: HTMLCanvasElement, top: number, picture: Picture, view: Viewport, layout: Layout, chosen: Chosen): { readonly arrows: number; readonly all: boolean } {
  const context = prepare(canvas, view.width, layout.height);
  const colour = coloursOf(canvas);
  const ground = new Background(context, colour, picture, view, layout, chosen);
  const pen = new Foreground(context, colour, picture, view, layout, chosen);
  const inSight = arrowsInSight(picture, view);
  const all = inSight.length <= MOST_ARROWS;
  pen.clip(() => {
    ground.grid();
    ground.faults();
    ground.lanes();
    if (!all) ground.activity(inSight);
    pen.operations(all);
    pen.arrows(inSight, all);
    pen.steps(all, inSight.length < FEW_ARROWS);
    pen.path();
    pen.befell();
    pen.violations();
    pen.chosen();
    pen.curve();
  });
  ground.labels();
  ground.axis(top);
  return { arrows: inSight.length, all };
}
