// A headless Chromium to open pages in, where one is installed: started with a pipe, spoken to in its DevTools protocol.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const STARTS_WITHIN_MS = 20_000;
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** CHROMIUM names one; otherwise the first in PATH that starts. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  const places = named !== undefined && named !== '' ? [named] : (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  // Some systems have a script of that name that only says where to get one.
  return places.find((place) => existsSync(place) && spawnSync(place, ['--version'], { stdio: 'ignore', timeout: STARTS_WITHIN_MS }).status === 0);
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

export class Chromium {
  /** Everything that the page which is open asked the network for, and everything it complained of. */
  readonly requests: string[] = [];
  readonly complaints: string[] = [];
  private readonly child: ChildProcess;
  private readonly home: string = mkdtempSync(join(tmpdir(), 'lockstep-chromium-'));
  private readonly waiting = new Map<number, { readonly resolve: (result: Record<string, unknown>) => void; readonly reject: (error: Error) => void }>();
  private loaded: (() => void) | undefined;
  private next = 1;
  private session: string | undefined;

  constructor(binary: string, width: number, height: number) {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-pipe', `--user-data-dir=${this.home}`, `--window-size=${width},${height}`, '--hide-scrollbars', '--no-first-run', '--disable-extensions', '--disable-background-networking'];
    this.child = spawn(binary, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    let rest = '';
    (this.child.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\0');
      rest = parts.pop() ?? '';
      for (const part of parts) this.hear(JSON.parse(part) as Reply);
    });
    this.child.on('exit', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('Chromium ended'));
    });
  }

  /** Opens a file and waits until it is loaded. */
  async open(url: string, width: number, height: number, dark: boolean): Promise<void> {
    this.requests.length = 0;
    this.complaints.length = 0;
    this.session = undefined;
    const { targetId } = await this.say('Target.createTarget', { url: 'about:blank' });
    this.session = (await this.say('Target.attachToTarget', { targetId, flatten: true }))['sessionId'] as string;
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await this.say(`${domain}.enable`, {});
    await this.say('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await this.say('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
    const done = new Promise<void>((resolve) => (this.loaded = resolve));
    await this.say('Page.navigate', { url });
    await done;
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = (await this.say('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })) as { result: { value: unknown }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'the expression failed');
    return result.value;
  }

  async press(key: string, shift = false): Promise<void> {
    const code = KEY_CODES[key] ?? key.toUpperCase().charCodeAt(0);
    const text = key.length === 1 ? { text: key } : {};
    await this.say('Input.dispatchKeyEvent', { type: 'keyDown', key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0, ...text });
    await this.say('Input.dispatchKeyEvent', { type: 'keyUp', key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0 });
    await this.painted();
  }

  async click(x: number, y: number): Promise<void> {
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased']) await this.say('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: type === 'mousePressed' ? 1 : 0, clickCount: 1 });
    await this.painted();
  }

  /** Two frames later whatever was asked for is on the screen. */
  async painted(): Promise<void> {
    await this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from((await this.say('Page.captureScreenshot', { format: 'png' }))['data'] as string, 'base64');
  }

  async end(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGKILL');
    await gone;
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private say(method: string, params: object): Promise<Record<string, unknown>> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(this.session === undefined ? {} : { sessionId: this.session }) })}\0`);
    });
  }

  private hear(reply: Reply): void {
    if (reply.id !== undefined) {
      const waiting = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (reply.error !== undefined) waiting?.reject(new Error(reply.error.message));
      else waiting?.resolve(reply.result ?? {});
    } else if (reply.method === 'Page.loadEventFired') this.loaded?.();
    else if (reply.method === 'Network.requestWillBeSent') this.requests.push((reply.params as { request: { url: string } }).request.url);
    else if (reply.method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(reply.params));
    else if (reply.method === 'Log.entryAdded') this.complaints.push((reply.params as { entry: { text: string } }).entry.text);
  }
}

const KEY_CODES: Readonly<Record<string, number>> = { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Escape: 27 };
