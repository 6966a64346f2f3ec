// Rule 1 of determinism, enforced at run time: while the simulator runs, every source of time, chance and concurrency that
// the host offers throws, and so does arithmetic that differs between engines. The linter finds what is written in our
// files; this finds what a dependency does, or what is reached by a way that the linter does not see.

export class HostReached extends Error {
  override readonly name = 'HostReached';

  constructor(what: string) {
    super(`${what} was reached while the simulator ran: its result would not follow from the seed`);
  }
}

type Holder = Record<string, unknown>;

const MATH = ['random', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'exp', 'expm1', 'log', 'log2', 'log10', 'log1p', 'pow', 'cbrt', 'hypot'];
const GLOBALS = ['Date', 'Intl', 'fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];

interface Place {
  readonly holder: Holder;
  readonly name: string;
  readonly trap: unknown;
}

/** The object that owns the property, so that it is replaced where it stands and nothing else about the object changes. */
function owner(holder: unknown, name: string): Holder | undefined {
  for (let at = holder; at !== null && at !== undefined; at = Object.getPrototypeOf(at)) {
    if (Object.getOwnPropertyDescriptor(at, name)?.writable === true) return at as Holder;
  }
  return undefined;
}

function places(): readonly Place[] {
  const out: Place[] = [];
  const add = (holder: unknown, prefix: string, names: readonly string[]): void => {
    for (const name of names) {
      const owned = owner(holder, name);
      if (owned !== undefined) out.push({ holder: owned, name, trap: thrower(prefix + name) });
    }
  };
  add(globalThis, '', GLOBALS);
  add(Math, 'Math.', MATH);
  add(performance, 'performance.', ['now']);
  add(process, 'process.', ['hrtime', 'nextTick', 'uptime', 'cpuUsage', 'memoryUsage']);
  add(crypto, 'crypto.', ['getRandomValues', 'randomUUID']);
  add(String.prototype, 'String.prototype.', ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase']);
  add(Number.prototype, 'Number.prototype.', ['toLocaleString']);
  return out;
}

function thrower(what: string): unknown {
  const trap = function trapped(): never {
    throw new HostReached(what);
  };
  return new Proxy(trap, { get: (): never => trap(), construct: (): never => trap() });
}

let all: readonly Place[] | undefined;

/**
 * Runs a synchronous piece of the simulation with the host out of reach, and puts everything back whatever happens. Plain
 * assignments: anything that changed the shape of `Math` would make the engine recompile every function that uses it.
 */
export function trapped<T>(run: () => T): T {
  all ??= places();
  const kept = all.map(({ holder, name }) => holder[name]);
  for (const { holder, name, trap } of all) holder[name] = trap;
  try {
    return run();
  } finally {
    for (const [i, { holder, name }] of all.entries()) holder[name] = kept[i];
  }
}
