// The page of `sim --report`, opened in a headless Chromium where one is installed: it draws, hears keyboard and pointer, follows
// the theme, asks the network for nothing, and lets no text of a run become markup. Without a Chromium all of it is skipped.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { renderPage } from '../reports/page-file.ts';
import type { Timeline } from '../reports/timeline/timeline.ts';
import { reportOf } from './run-outcome.ts';
import { SimulatorThread } from './simulator-thread.ts';
import { Chromium, findChromium } from './testing/chromium.ts';
import { HOSTILE, hostilePage } from './testing/hostile-page.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const binary = findChromium();
if (binary === undefined) console.log('No Chromium in PATH (CHROMIUM may name one): the page of a report is not opened, and its tests are skipped.');
const [WIDTH, HEIGHT] = [1280, 800];
/** What a person should wait at most, on a machine that has nothing else to do; here others work too, so it is tested loosely. */
const READY_MS = 10_000;

describe.skipIf(binary === undefined)(binary === undefined ? 'skipped, because no Chromium is in PATH: the page of a run' : 'in Chromium, the page of a run', () => {
  let folder: string;
  let file: string;
  let browser: Chromium;
  let timeline: Timeline;

  const text = (id: string): Promise<unknown> => browser.evaluate(`document.getElementById(${JSON.stringify(id)}).textContent`);
  const focus = (): Promise<unknown> => browser.evaluate(`document.getElementById('scroller').focus()`);
  const open = async (path: string, dark = false): Promise<void> => {
    await browser.open(pathToFileURL(path).href, WIDTH, HEIGHT, dark);
    await browser.painted();
  };
  const stepName = (step: number): string => `Node ${timeline.steps.node[step]}, step ${timeline.steps.sequence[step]}, at `;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-page-'));
    file = join(folder, 'run.html');
    const thread = new SimulatorThread('decide/last-proposal-wins');
    for (let seed = 1; timeline === undefined || timeline.paths.length === 0; seed++) {
      const report = await thread.perform({ kind: 'one', request: { seed, options: { scenario: 'contested-need', forUs: 8_000_000 }, checked: false, realCrypto: false }, timeline: true });
      if (report.kind !== 'ran' || report.timeline === undefined) throw new Error('a run with a timeline was asked for');
      timeline = report.timeline;
      writeFileSync(file, renderPage(reportOf(report.outcome, { options: {}, checked: false, realCrypto: false, json: true }), timeline));
    }
    await thread.end();
    browser = new Chromium(binary as string, WIDTH, HEIGHT);
  });

  afterAll(async () => {
    await browser.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is ready at once, and asks for nothing but itself', async () => {
    await open(file);
    expect(browser.complaints).toEqual([]);
    expect(browser.requests).toEqual([pathToFileURL(file).href]);
    expect(Number(await browser.evaluate('document.documentElement.dataset.readyMs'))).toBeLessThan(READY_MS);
    expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(WIDTH);
  });

  test('opens at the step that violated, with what led to it', async () => {
    const path = timeline.paths[0] as Timeline['paths'][number];
    expect(await text('says')).toContain(stepName(path.step));
    expect(await text('verdict')).toContain('violated');
    expect(await browser.evaluate(`document.querySelectorAll('.path-step').length`)).toBe(timeline.paths.reduce((sum, { steps }) => sum + steps.length, 0));
    expect(await browser.evaluate(`document.querySelector('[aria-current=step]') !== null`)).toBe(true);
    expect(await text('step')).toMatch(/Event.*Effects.*State after it.*group/s);
  });

  test('is walked through with the keyboard', async () => {
    const path = timeline.paths[0] as Timeline['paths'][number];
    await focus();
    await browser.press('p');
    const before = path.steps[path.steps.indexOf(path.step) - 1] as number;
    expect(await text('says')).toContain(stepName(before));
    await browser.press('v');
    expect(await text('says')).toContain(stepName(path.step));
    await browser.press('ArrowLeft');
    const node = timeline.steps.node[path.step];
    const own = timeline.steps.node.flatMap((one, step) => (one === node ? [step] : []));
    const earlier = own[own.indexOf(path.step) - 1] as number;
    expect(await text('says')).toContain(stepName(earlier));
    await browser.press('ArrowRight');
    expect(await text('says')).toContain(stepName(path.step));
    await browser.press('c');
    const source = timeline.steps.source[path.step] as number;
    expect(await text('says')).toContain(stepName(timeline.arrows.fromStep[source] as number));
    const sender = timeline.arrows.from[source] as number;
    await browser.press(sender === timeline.nodes ? 'ArrowUp' : 'ArrowDown');
    expect(await text('says')).toContain(`Node ${sender === timeline.nodes ? sender - 1 : sender + 1}, step`);
    await browser.press('Escape');
    expect(await text('step')).toContain('No step chosen');
  });

  test('zooms, shows all, and shows less of it when filtered', async () => {
    const inSight = async (): Promise<number> => Number(/^[\d,]+/.exec((await text('sight')) as string)?.[0].replaceAll(',', ''));
    await browser.press('0');
    const all = await inSight();
    expect(all).toBe(timeline.arrows.from.length);
    for (let i = 0; i < 6; i++) await browser.press('+');
    expect(await inSight()).toBeLessThan(all);
    await browser.press('0');
    await browser.evaluate(`[...document.querySelectorAll('#controls .filter')].find((one) => one.textContent === 'log').click()`);
    await browser.painted();
    const kept = timeline.arrows.message.filter((message) => !['append', 'appendReply'].includes(timeline.kinds[timeline.messages[message]?.[0] as number] as string)).length;
    expect(await inSight()).toBe(kept);
    await browser.evaluate(`[...document.querySelectorAll('#controls .filter')].find((one) => one.textContent === '1').click()`);
    await browser.painted();
    expect(await inSight()).toBeLessThan(kept);
  });

  test('is scrubbed in the strip above', async () => {
    await open(file);
    await focus();
    await browser.press('0');
    const all = await text('sight');
    await browser.click(WIDTH / 2, (await browser.evaluate(`document.getElementById('overview').getBoundingClientRect().top`)) as number + 20);
    expect(await text('sight')).not.toBe(all);
  });

  test('draws how likely the failure was, if that is known', async () => {
    const marked = (): Promise<unknown> => browser.evaluate(`(() => {
      const canvas = document.getElementById('picture');
      const { data } = canvas.getContext('2d').getImageData(80, canvas.height - 92, canvas.width - 80, 90);
      let pixels = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] === 209 && data[i + 1] === 18 && data[i + 2] === 123) pixels++;
      return pixels;
    })()`);
    await open(file);
    expect(await marked()).toBe(0);
    const [before, data, after] = readFileSync(file, 'utf8').split(/(?<=id="data">)|(?=<\/script>\n<script>)/) as [string, string, string];
    const page = JSON.parse(data) as { timeline: Timeline };
    const points = [0, 0.5, 1].map((share) => ({ atUs: page.timeline.fromUs + share * (page.timeline.toUs - page.timeline.fromUs), likelihood: share }));
    const curved = join(folder, 'curved.html');
    writeFileSync(curved, before + JSON.stringify({ ...page, timeline: { ...page.timeline, why: { points, jumpAtUs: points[1]?.atUs } } }) + after);
    await open(curved);
    await focus();
    await browser.press('0');
    expect(await marked()).toBeGreaterThan(200);
  });

  test('chooses what is clicked', async () => {
    await open(file);
    await focus();
    await browser.press('Escape');
    const box = (await browser.evaluate(`(({ left, top, width, height }) => ({ left, top, width, height }))(document.getElementById('picture').getBoundingClientRect())`)) as Record<'left' | 'top' | 'width' | 'height', number>;
    // Lanes lie below each other, so somewhere on this line from the upper left to the lower right there is a step or a message.
    for (let part = 0; part < 1 && (await text('says')) === ''; part += 0.02) await browser.click(box.left + 80 + part * (box.width - 90), box.top + 30 + part * (box.height - 40));
    expect(await text('says')).not.toBe('');
    expect(await text('step')).not.toContain('No step chosen');
  });

  test('follows the theme of the system, until a person chooses one', async () => {
    const paper = (): Promise<unknown> => browser.evaluate(`getComputedStyle(document.body).backgroundColor`);
    const pixel = (): Promise<unknown> => browser.evaluate(`(() => { const { data } = document.getElementById('picture').getContext('2d').getImageData(2, 60, 1, 1); return [...data]; })()`);
    await open(file, true);
    expect([await paper(), await pixel()]).toEqual(['rgb(13, 17, 23)', [13, 17, 23, 255]]);
    await browser.evaluate(`document.querySelector('#theme button').click()`);
    await browser.painted();
    expect([await paper(), await pixel()]).toEqual(['rgb(255, 255, 255)', [255, 255, 255, 255]]);
  });

  test('names everything that can be used', async () => {
    const nameless = await browser.evaluate(`[...document.querySelectorAll('button, input, [role], summary')].filter((one) => (one.getAttribute('aria-label') ?? one.textContent.trim()) === '' && one.closest('label') === null && one.id !== 'says').map((one) => one.outerHTML)`);
    expect(nameless).toEqual([]);
    expect(await browser.evaluate(`document.documentElement.lang + document.getElementById('says').getAttribute('aria-live')`)).toBe('enpolite');
  });

  test('shows a hostile name as it is', async () => {
    const hostile = join(folder, 'hostile.html');
    writeFileSync(hostile, hostilePage());
    await open(hostile);
    expect(browser.complaints).toEqual([]);
    expect(await browser.evaluate('String(globalThis.hacked)')).toBe('undefined');
    expect(await browser.evaluate('document.title')).toContain(HOSTILE);
    expect(await text('panel')).toContain(HOSTILE);
    expect(await browser.evaluate(`document.querySelectorAll('img, #panel script').length`)).toBe(0);
  });
});

describe('the colours of the page', () => {
  const css = readFileSync(new URL('../reports/page/page.css', import.meta.url), 'utf8');
  const themes = [...css.matchAll(/color-scheme: (light|dark);([^}]*)/g)].map(([, name, block]) => [name as string, new Map([...(block as string).matchAll(/(--[\w-]+): (#[0-9a-f]{6})/g)].map(([, key, value]) => [key as string, value as string]))] as const);

  test.each(themes)('can be read in the %s theme', (_name, colours) => {
    const faint = ['--ink', '--soft', '--bad', '--good', '--good-text', '--client', '--path', '--chosen'].flatMap((ink) => ['--paper', '--panel'].flatMap((paper) => {
      const ratio = contrast(colours.get(ink) as string, colours.get(paper) as string);
      return ratio < 4.5 ? [`${ink} on ${paper}: ${ratio.toFixed(2)}`] : [];
    }));
    expect(faint).toEqual([]);
    expect(contrast(colours.get('--fault-text') as string, colours.get('--fault-bar') as string)).toBeGreaterThan(4.5);
    expect(contrast(colours.get('--good-text') as string, colours.get('--good-shade') as string)).toBeGreaterThan(4.5);
  });

  test('are the same in both ways to be dark', () => {
    expect(themes.map(([name]) => name)).toEqual(['light', 'dark', 'dark']);
    expect(themes[2]?.[1]).toEqual(themes[1]?.[1]);
  });
});

/** WCAG 2: from 1 to 21; text needs 4.5. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const share = parseInt(colour.slice(at, at + 2), 16) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
