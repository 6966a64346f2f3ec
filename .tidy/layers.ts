// Which part may import which (DESIGN.md, "The house"). Each rule's comment is what a person reads when it is broken,
// so it says what to do instead. check-layers.ts runs them.

import type { ICruiseOptions, IForbiddenRuleType } from 'dependency-cruiser';

/** Pure libraries: the same bytes for the same input on every machine, and no host behind them. */
export const KERNEL_LIBRARIES: string[] = ['@js-sdsl/ordered-map', 'immer', 'msgpackr'];

const TEST = '\\.test\\.ts$';
const HASH = 'kernel/base/hash.ts';
export const PARTS: string[] = ['kernel', 'io', 'nemesis', 'properties', 'scenarios', 'node', 'bench', 'reports'];

/** Our own files outside the given path prefixes. */
const oursOutside = (...prefixes: string[]): { path: string; pathNot: string[] } => ({ path: `^(${PARTS.join('|')})/`, pathNot: prefixes.map((prefix) => `^${prefix}`) });

const forbidden: IForbiddenRuleType[] = [
  {
    name: 'kernel-stands-alone',
    comment:
      'The kernel imports nothing of ours outside kernel/. What it needs from the world arrives as an event; what it wants done leaves as an effect. Move the shared type into kernel/, or let io/ import it from there.',
    from: { path: '^kernel/' },
    to: oursOutside('kernel/'),
  },
  {
    name: 'kernel-libraries',
    comment: `The kernel uses only pure libraries: ${KERNEL_LIBRARIES.join(', ')}. Put the work behind a port in io/, or, for a library that is a pure function of its input, add it to KERNEL_LIBRARIES in .tidy/layers.ts with the reason in the commit.`,
    from: { path: '^kernel/', pathNot: TEST },
    to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'], pathNot: `node_modules/(${KERNEL_LIBRARIES.join('|')})/` },
  },
  {
    name: 'kernel-without-host',
    comment: `The kernel knows no node: module (${HASH} with node:crypto is the one exception). Use an event, an effect, or base/hash.ts.`,
    from: { path: '^kernel/', pathNot: [TEST, `^${HASH}$`] },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'hash-is-only-a-hash',
    comment: `${HASH} imports node:crypto and nothing else of the host. Pass in what it needs.`,
    from: { path: `^${HASH}$` },
    to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
  },
  {
    name: 'io-imports-kernel-only',
    comment: 'io/ is the boundary: it imports kernel/ and nothing else of ours. Pass in what it needs, or move it to io/ or kernel/.',
    from: { path: '^io/' },
    to: oursOutside('kernel/', 'io/'),
  },
  {
    name: 'sim-and-live-never-meet',
    comment: 'io/sim and io/live implement the same ports apart from each other. Put what both need into io/ports.ts, or beside it in io/. (A test in io/contract/ may hold both.)',
    from: { path: '^io/(sim|live)/' },
    to: { path: '^io/(sim|live)/', pathNot: '^io/$1/' },
  },
  {
    name: 'boundary-knows-no-world',
    comment: 'The loop, the journal, the ports and the contract suites are the same in both worlds. Take the port as a parameter; the caller (scenarios/ or node/) decides which one it is.',
    from: { path: '^io/[^/]+\\.ts$|^io/(?!sim/|live/)', pathNot: TEST },
    to: { path: '^io/(sim|live)/' },
  },
  {
    name: 'nemesis-breaks-the-simulated-world',
    comment: 'nemesis/ imports kernel/, io/ports and io/sim. A fault acts on a simulated port: add the lever to that port; scenarios/ combine faults with properties.',
    from: { path: '^nemesis/' },
    to: oursOutside('kernel/', 'io/ports', 'io/sim/', 'nemesis/'),
  },
  {
    name: 'properties-judge-evidence',
    comment: 'properties/ imports kernel/, io/ports and io/sim. A property judges what crossed a port: have the evidence recorded there and decode it on its own.',
    from: { path: '^properties/' },
    to: oursOutside('kernel/', 'io/ports', 'io/sim/', 'properties/'),
  },
  {
    name: 'scenarios-compose',
    comment: 'scenarios/ composes kernel/, io/ (not io/live), nemesis/ and properties/. What prints or starts a program belongs to node/ or reports/, which take the result.',
    from: { path: '^scenarios/' },
    to: { path: `^(${PARTS.join('|')})/`, pathNot: ['^kernel/', '^io/(?!live/)', '^nemesis/', '^properties/', '^scenarios/'] },
  },
  {
    name: 'bench-measures-from-outside',
    comment: 'bench/ imports kernel/, io/, and only types of the rest (import type). Let node/ pass in the function to measure, or start the program as a user would.',
    from: { path: '^bench/' },
    to: { ...oursOutside('kernel/', 'io/', 'bench/'), dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'reports-render-a-run',
    comment: 'reports/ renders the data of a run: it imports kernel/ and only types of the rest (import type). Put what has to be computed into the run, where it is made.',
    from: { path: '^reports/' },
    to: { ...oursOutside('kernel/', 'reports/'), dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-cycles',
    comment: 'Modules form a fixed acyclic order. Move what both need into a third file below them, or pass it as a parameter.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-unresolvable',
    comment: 'This import leads nowhere. Correct the path (with its .ts ending), or add the package to package.json.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'ships-without-dev-dependencies',
    comment: 'What ships imports only dependencies. Move the package from devDependencies to dependencies, or the code into a *.test.ts file.',
    from: { path: '^(kernel|io|nemesis|properties|scenarios|node|reports)/', pathNot: TEST },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
];

const layers: { forbidden: IForbiddenRuleType[]; options: ICruiseOptions } = {
  forbidden: forbidden.map((rule) => ({ ...rule, severity: 'error' })),
  options: {
    // With TypeScript 7 the default parser finds no modules and reports success: check-layers.ts counts them.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(coverage|out|\\.cache)/' },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};

export default layers;
