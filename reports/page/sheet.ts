// What every part of the picture draws on.

import type { Chosen, Picture } from './picture.ts';
import type { RunData } from './run-data.ts';
import type { Colours } from './surface.ts';
import { GUTTER, type Layout, type Viewport } from './view.ts';

export class Sheet {
  protected readonly c: CanvasRenderingContext2D;
  protected readonly colour: Colours;
  protected readonly picture: Picture;
  protected readonly data: RunData;
  protected readonly view: Viewport;
  protected readonly layout: Layout;
  protected readonly choice: Chosen;

  constructor(context: CanvasRenderingContext2D, colour: Colours, picture: Picture, view: Viewport, layout: Layout, choice: Chosen) {
    this.c = context;
    this.colour = colour;
    this.picture = picture;
    this.data = picture.data;
    this.view = view;
    this.layout = layout;
    this.choice = choice;
  }

  /** Nothing is drawn over the names of the lanes. */
  clip(draw: () => void): void {
    this.c.save();
    this.c.beginPath();
    this.c.rect(GUTTER, 0, this.view.width - GUTTER, this.layout.height);
    this.c.clip();
    draw();
    this.c.restore();
  }

  protected inSight(from: number, until: number): boolean {
    return until >= this.view.from && from <= this.view.until;
  }

  protected text(text: string, x: number, y: number, colour: string, align: CanvasTextAlign = 'left'): void {
    this.c.fillStyle = this.colour(colour);
    this.c.textAlign = align;
    this.c.fillText(text, x, y);
  }
}
