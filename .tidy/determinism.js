// The determinism rules (DESIGN.md) as an oxlint plugin: what runs inside the simulator is a function of its seed and
// its inputs. What may be named is an allow list, so that a global of a later Node is refused until someone judged it.
// Each message says what to do instead.

import { builtinModules } from 'node:module';

/** Globals that are pure: part of the language, or a function of their arguments alone. */
const PURE_GLOBALS = new Set(
  `undefined NaN Infinity globalThis Object Function Array String Number Boolean BigInt Symbol Map Set WeakMap WeakSet
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError RegExp JSON Proxy Reflect Math
  ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  Float32Array Float64Array BigInt64Array BigUint64Array Iterator isNaN isFinite parseInt parseFloat
  encodeURIComponent decodeURIComponent TextEncoder TextDecoder Buffer arguments`.split(/\s+/u),
);

const USE_EVENT_TIME = 'read event.at (or event.wall, as data only); in a simulated port, the world\'s clock';
const USE_DEADLINES = 'keep a deadline in state and answer nextDeadline(); in a simulated port, schedule on the world';
const USE_STREAM = 'draw from a random stream split by label (kernel/base)';
const USE_HASH = 'use kernel/base/hash.ts; keys and secret randomness live behind the Signer and Vault ports';
const USE_EFFECT = 'return an effect, and let a port perform it';
const USE_CODE_UNITS = 'compare code units (<, >) or encoded bytes: locale data differs between builds of the engine';

/** What to do instead, for the names a person is likely to reach for. */
const ADVICE = new Map(
  Object.entries({
    Date: USE_EVENT_TIME,
    Temporal: USE_EVENT_TIME,
    performance: USE_EVENT_TIME,
    setTimeout: USE_DEADLINES,
    setInterval: USE_DEADLINES,
    setImmediate: USE_DEADLINES,
    clearTimeout: USE_DEADLINES,
    clearInterval: USE_DEADLINES,
    clearImmediate: USE_DEADLINES,
    queueMicrotask: USE_DEADLINES,
    crypto: USE_HASH,
    fetch: USE_EFFECT,
    WebSocket: USE_EFFECT,
    process: 'take what you need from the boot event or a parameter; to do something to the world, return an effect',
    console: 'return a fact effect: logs, metrics and traces derive from facts in the loop',
    Promise: 'return an effect and handle its outcome as an event (ok, failed, unknown)',
    Intl: USE_CODE_UNITS,
    WeakRef: 'let state own its objects with a declared bound: when a collection happens is not in the journal',
    FinalizationRegistry: 'let state own its objects with a declared bound: when a collection happens is not in the journal',
    Atomics: 'keep to one thread: what another thread does is not in the journal',
    SharedArrayBuffer: 'keep to one thread: what another thread does is not in the journal',
    structuredClone: 'copy the fields, or go through the codec',
    eval: 'write the code: planted bugs are source transforms applied at load',
    require: 'use a static import',
    globalThis: 'name the global itself, so that this rule can judge it',
    Function: 'write the code: planted bugs are source transforms applied at load',
  }),
);
// `Function` is fine as a type; `globalThis` and `Function` as values would open a way around every rule here.
PURE_GLOBALS.delete('globalThis');
PURE_GLOBALS.delete('Function');
const FINE_AS_TYPE = new Set(['Function']);

/** Exact by IEEE 754 or by integer arithmetic. The rest of Math is approximated, and engines differ in the last bit. */
const EXACT_MATH = new Set(
  'abs ceil clz32 floor fround imul max min round sign sqrt trunc E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2'.split(' '),
);

const LOCALE_METHODS = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
]);

const SORTING_METHODS = new Set(['sort', 'toSorted']);
const HOST_MODULES = new Set(builtinModules.map((name) => name.replace(/^node:/u, '')));

/** All references of a file to names that no declaration of its own binds: [name, reference] pairs. */
function* globalReferences(sourceCode) {
  const globals = sourceCode.scopeManager.globalScope;
  for (const variable of globals.variables) {
    if (variable.defs.length > 0) continue;
    for (const reference of variable.references) yield [variable.name, reference];
  }
  for (const reference of globals.through) yield [reference.identifier.name, reference];
}

/** The name of a member access where it can be read off the source: a.name, a['name']. */
function memberName(node) {
  if (!node.computed) return node.property.name;
  return node.property.type === 'Literal' ? String(node.property.value) : undefined;
}

const noHost = {
  create(context) {
    return {
      'Program:exit'() {
        for (const [name, reference] of globalReferences(context.sourceCode)) {
          if (PURE_GLOBALS.has(name)) continue;
          const advice = ADVICE.get(name);
          const isType = reference.isTypeReference && !reference.isValueReference;
          if (isType && (advice === undefined || FINE_AS_TYPE.has(name))) continue;
          const instead = advice ?? 'take it as a parameter or an event; if it is pure, add it to .tidy/determinism.js';
          context.report({ node: reference.identifier, message: `${name} is not deterministic here: ${instead}.` });
        }
      },
    };
  },
};

const exactMath = {
  create(context) {
    const reportPower = (node) => {
      if (node.operator !== '**' && node.operator !== '**=') return;
      context.report({ node, message: 'Engines differ in **: multiply, shift, or use a table of integers.' });
    };
    return {
      BinaryExpression: reportPower,
      AssignmentExpression: reportPower,
      'Program:exit'() {
        for (const [name, reference] of globalReferences(context.sourceCode)) {
          if (name !== 'Math') continue;
          const parent = reference.identifier.parent;
          const isObject = parent.type === 'MemberExpression' && parent.object === reference.identifier;
          const member = isObject ? memberName(parent) : undefined;
          if (member !== undefined && EXACT_MATH.has(member)) continue;
          const message =
            member === 'random'
              ? `Math.random is not deterministic: ${USE_STREAM}.`
              : member === undefined
                ? 'Name the function where Math is used (Math.floor, ...), so that this rule can judge it.'
                : `Engines differ in Math.${member}: use integers, fixed point or a table.`;
          context.report({ node: parent, message });
        }
      },
    };
  },
};

const synchronous = {
  create(context) {
    const message = `A step is synchronous: return an effect and handle its outcome as an event, instead of `;
    const reportAsync = (node) => {
      if (node.async) context.report({ node, message: `${message}an async function.` });
    };
    return {
      FunctionDeclaration: reportAsync,
      FunctionExpression: reportAsync,
      ArrowFunctionExpression: reportAsync,
      AwaitExpression: (node) => context.report({ node, message: `${message}await.` }),
      ForOfStatement(node) {
        if (node.await) context.report({ node, message: `${message}for await.` });
      },
    };
  },
};

const totalOrder = {
  create(context) {
    return {
      ForInStatement: (node) =>
        context.report({
          node,
          message: 'for-in walks inherited keys, in insertion order: use for-of over an array, a Map or sorted keys.',
        }),
      CallExpression(node) {
        if (node.callee.type !== 'MemberExpression' || node.arguments.length > 0) return;
        const method = memberName(node.callee);
        if (!SORTING_METHODS.has(method)) return;
        context.report({
          node,
          message: `.${method}() compares as strings: pass a comparator that is a total order (no two distinct items equal).`,
        });
      },
    };
  },
};

const noLocale = {
  create(context) {
    return {
      MemberExpression(node) {
        const method = memberName(node);
        if (!LOCALE_METHODS.has(method)) return;
        context.report({ node, message: `.${method} depends on the machine's locale: ${USE_CODE_UNITS}.` });
      },
    };
  },
};

const noHostImports = {
  meta: { schema: [{ type: 'object' }] },
  create(context) {
    const allowed = new Set(context.options[0]?.allow);
    const checkSource = (node) => {
      const specifier = node.source?.value;
      if (specifier === undefined || allowed.has(specifier)) return;
      if (!specifier.startsWith('node:') && !HOST_MODULES.has(specifier)) return;
      context.report({
        node,
        message: `"${specifier}" is the host: ${specifier.endsWith('crypto') ? USE_HASH : USE_EFFECT} (io/ports.ts).`,
      });
    };
    return {
      ImportDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ImportExpression: (node) =>
        context.report({ node, message: 'import() is asynchronous: use a static import, or pass the module in.' }),
      MetaProperty(node) {
        if (node.meta.name !== 'import') return;
        context.report({ node, message: 'import.meta names a place on this machine: take what you need as a parameter.' });
      },
    };
  },
};

export default {
  meta: { name: 'determinism' },
  rules: {
    'no-host': noHost,
    'exact-math': exactMath,
    synchronous,
    'total-order': totalOrder,
    'no-locale': noLocale,
    'no-host-imports': noHostImports,
  },
};
