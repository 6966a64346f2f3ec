// The program: `lockstep VERB`, which is also `npm run VERB --`. This file knows the verbs and their flags and nothing of what
// they do; each verb is loaded when it is called, so that the first line of output does not wait for the rest of the house.

import { Command, CommanderError } from 'commander';
import { Complaint, EXIT } from './complaint.ts';
import { editDistance, nearest } from './nearest.ts';
import { VERSION } from './version.ts';

/** Verbs that come with modules of later versions: known words, so that a person who read of them gets a straight answer. */
const LATER: readonly (readonly [string, string])[] = [
  ['sidecar', 'the process beside a live node'],
  ['bootstrap', 'the first members of a network'],
  ['chain', 'the settlement chain'],
  ['plan', 'the plan store'],
  ['policy', 'policies and what they decide'],
  ['doctor', 'what is wrong with a live node'],
  ['mesh', 'who is connected to whom'],
  ['new', 'a scenario, property or fault to start from'],
  ['migrate', 'data of an earlier system'],
];

function buildProgram(): Command {
  const program = new Command('lockstep')
    .description('A network whose node is a pure, clock-injected kernel: simulate it, replay it, measure it.')
    .version(`lockstep ${VERSION}`, '--version')
    .helpCommand(false)
    .configureOutput({ writeErr: () => undefined })
    .addHelpText('after', `\nExit codes: 0 all held; ${EXIT.violated} a safety property was violated, or a journal diverged; ${EXIT.wrongCommand} the command was wrong;\n${EXIT.notLive} a liveness property failed; ${EXIT.notDeterministic} the simulator caught itself being non-deterministic; ${EXIT.ourBug} a bug of ours.\nOf several the first in this order: a safety property (${EXIT.violated}), a bug of ours (${EXIT.ourBug}), non-determinism (${EXIT.notDeterministic}), liveness (${EXIT.notLive}).`)
    .action((_options, command: Command) => {
      if (command.args.length > 0) unknownVerb(program, command.args[0] as string);
      throw new Complaint('expected a verb, got none: try "lockstep sim --seed 42", or "lockstep --help" for all verbs');
    })
    .allowExcessArguments();
  addSim(program);
  addExplore(program);
  addReplay(program);
  addAudit(program);
  addCrash(program);
  addCheck(program);
  addMutants(program);
  addBench(program);
  addConform(program);
  addNode(program);
  addKeys(program);
  for (const [name, about] of LATER) {
    program
      .command(name, { hidden: true })
      .description(`${about} (not in this version)`)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new Complaint(`"${name}" (${about}) is not in this version: it comes with a later module, and "lockstep --help" lists what there is`);
      });
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((verb) => verb.commands)]) command.exitOverride().configureOutput({ writeErr: () => undefined });
  return program;
}

function addSim(program: Command): void {
  program
    .command('sim')
    .allowExcessArguments(false)
    .description('simulate a network: one run of a seed, or a sweep over many')
    .option('--seed <n>', 'the run to draw; without it one is drawn and printed first')
    .option('--seeds <a..b>', 'a sweep: every seed from a to b')
    .option('--scenario <name>', 'which story, or "all"')
    .option('--nodes <n>', 'how many nodes')
    .option('--for <duration>', 'simulated time: 10m, 30s, 500ms')
    .option('--faults <list>', 'none, all, or a comma-separated list')
    .option('--properties <list>', 'judge only these')
    .option('--mutant <name>', 'with one planted bug')
    .option('--real-crypto', 'real signatures instead of the fast stand-in')
    .option('--checked', 'freeze and encode everything, snapshot and restore at a random step: slower, same digest')
    .option('--run <file>', 'execute a saved run instead of drawing one')
    .option('--save <file>', 'save the resolved run')
    .option('--shrink', 'if the run fails: look for a smaller one that fails alike, and save that one (--save names the file)')
    .option('--why', 'if the run fails: find the moment at which that became inevitable, and name what happened there')
    .option('--samples <n>', 'with --why: how often a moment is asked (24)')
    .option('--budget <duration>', 'how long --shrink and --why may search, each (30s): without it, so many events')
    .option('--dump <dir>', "write every node's journal as files, and the history of the clients")
    .option('--jobs <n>', 'worker threads of a sweep')
    .option('--stop-on-failure', 'end the sweep with the first failure')
    .option('--known <file>', 'failures of a sweep that are known: listed, and not counted')
    .option('--list', 'list scenarios, faults, properties, marks and mutants')
    .option('--report <file>', 'also write the run as a page for a browser, one file: who said what to whom, and what led to a failure')
    .option('--junit <file>', 'also write a JUnit report')
    .option('--json', 'print one JSON document and nothing else')
    .action(async (options) => leave(await (await import('./sim.ts')).sim(options)));
}

function addExplore(program: Command): void {
  program
    .command('explore')
    .allowExcessArguments(false)
    .description('every interleaving of a small world of Raft members, within bounds; a violation comes with the shortest trace to it')
    .option('--nodes <n>', 'members of the group (3)')
    .option('--terms <n>', 'terms in which somebody may stand for election (2)')
    .option('--entries <n>', 'commands of a client, each proposed once to whoever leads (2)')
    .option('--crashes <n>', 'restarts from what is durable (1)')
    .option('--heartbeats <n>', 'ticks of leaders (1)')
    .option('--duplicates <n>', 'frames that arrive once more than they were sent (0)')
    .option('--reads <n>', 'linearizable reads of whoever leads (0)')
    .option('--batch <n>', 'entries in one append (4)')
    .option('--pre-votes', 'pre-votes travel as frames, too; otherwise whoever stands is taken to have got them')
    .option('--no-symmetry', 'tell states apart that differ in the names of members only')
    .option('--budget <duration>', 'stop after this time (60s)')
    .option('--max-states <n>', 'stop at so many states: they take about 20 bytes each (40000000)')
    .option('--mutant <name>', 'with one planted bug')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', '\nFrames arrive in any order, at any time or never: loss, delay, reordering and partitions need no flag. Exit codes: 0 nothing was\nviolated in what was searched (the output says whether that is everything); 1 something was; 2 the command was wrong.')
    .action(async (options) => leave(await (await import('./explore.ts')).explore(options)));
}

function addReplay(program: Command): void {
  program
    .command('replay')
    .allowExcessArguments(false)
    .description("refold a node's journal, verify every checksum and digest, and name the first difference; or go on from it in the simulator")
    .argument('<dir...>', 'data directories: of live nodes, or those that "sim --dump" wrote')
    .option('--until <step>', 'stop there and show the state')
    .option('--audit', 'verify again every signature that stands in the journal')
    .option('--config <file>', 'with --audit: whose keys they are; without it the configurations beside the directory are tried')
    .option('--fork', 'go on from there in a simulated world: one directory for each node of the network, or fewer')
    .option('--from <step>', 'with --fork: after which event of the first journal, or NODE:STEP (its last)')
    .option('--seed <n>', 'with --fork: the faults and the clients to draw; without it one is drawn')
    .option('--faults <list>', 'with --fork: none, all, or a comma-separated list')
    .option('--for <duration>', 'with --fork: simulated time (30s)')
    .option('--json', 'print one JSON document and nothing else')
    .action(async (directories, options) => leave(await (await import('./replay.ts')).replay(directories, options)));
}

function addAudit(program: Command): void {
  program
    .command('audit')
    .allowExcessArguments(false)
    .description('judge the journals of several nodes of one network together: what was decided, led, logged, applied, said and kept')
    .argument('<dir...>', 'data directories, or folders with one for each node')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', '\nJournals may be those of live nodes that have ended (copy those of a running one) or of "sim --dump". A journal that was compacted is\njudged from its oldest snapshot on. Exit codes: 0 nothing was violated; 1 something was; 2 a directory is missing, in use, damaged or of\nanother network or version.')
    .action(async (directories, options) => leave((await import('./audit/audit.ts')).audit(directories, options)));
}

function addCrash(program: Command): void {
  program
    .command('crash')
    .allowExcessArguments(false)
    .description('kill live nodes under load, half of the time during a snapshot or a recovery, and check what they had promised')
    .option('--kills <n>', 'how many kills', '20')
    .option('--seed <n>', 'which; without it one is drawn and printed first')
    .option('--data <dir>', 'where the nodes keep their files; a temporary directory by default, removed if everything held')
    .option('--mutant <name>', 'with one planted bug in every node')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', '\nThe files of the nodes hold back what is not synced, so that a kill loses what a machine that stops would lose. Afterwards the history\nof the clients is checked, every directory is replayed, and all journals are audited together. Exit codes: 0 all held; 1 something was\nlost, changed or diverged; 2 the command was wrong; 3 nodes, service or snapshots did not come in time.')
    .action(async (options) => leave(await (await import('./crash/crash.ts')).crash(options)));
}

function addCheck(program: Command): void {
  program
    .command('check')
    .allowExcessArguments(false)
    .description("is somebody's history linearizable? if not, the smallest window that no order explains")
    .argument('<history>', 'operations as JSON lines, as EDN, or as a log of Jepsen')
    .option('--model <name>', 'register, cas-register, kv or decide')
    .option('--for <duration>', 'how long to search before the verdict is unknown (20s)')
    .option('--memory <mb>', 'how much memory to search in before the verdict is unknown (512)')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', CHECK_HELP)
    .action(async (history, options) => leave((await import('./check.ts')).check(history, options)));
}

const CHECK_HELP = `
Models:
  register      read, write: one value, nil at first
  cas-register  read, write, cas [FROM TO]
  kv            get, put, append: by key a string, empty at first
  decide        decide, get: by need the first proposal for ever ("sim --dump DIR" and "crash --data DIR" write DIR/history.jsonl)

Formats, a call or a return on each line:
  {"process":0,"type":"invoke","f":"put","key":"x","value":"y"}
  {:process 0, :type :invoke, :f :put, :key "x", :value "y"}
  INFO  jepsen.util - 0  :invoke  :write  3
The type is invoke, ok, fail (it did not happen) or info (nobody knows whether it happened; nor does anybody of what never returns).

Example:
  $ lockstep check history.edn --model kv

Exit codes: 0 linearizable; 1 not linearizable; 2 the file is missing or makes no sense, with the line; 3 unknown: not enough time or memory.`;

function addMutants(program: Command): void {
  program
    .command('mutants')
    .allowExcessArguments(false)
    .description('plant bugs and count the seeds until each is found')
    .argument('[name...]', 'which; all of them without a name')
    .option('--seed <n>', 'where the first series of seeds starts', '1')
    .option('--series <n>', 'how many series', '5')
    .option('--limit <n>', 'seeds per series before giving up (1000; with --operators 24)')
    .option('--operators <n>', 'instead: n drawn slips of the hand in kernel/raft, kernel/decide, io/loop.ts and io/journal.ts, and how many are noticed')
    .option('--jobs <n>', 'mutants at work at the same time')
    .option('--why', 'instead: how near the moment that sim --why names is to the step at which the bug had to act, for bugs that can be switched off')
    .option('--samples <n>', 'with --why: continuations of each moment, at most')
    .option('--shrink', 'also make the first run that found each as small as it can be')
    .option('--budget <duration>', 'how long to look for it (30s): without it, so many events')
    .option('--json', 'print one JSON document and nothing else')
    .addHelpText('after', '\nWithout --shrink, "shrunk" and "removed" of the JSON document are null; "removed" is a share: 0.9 is nine in ten.')
    .action(async (names, options) => leave(await (options.why === true ? (await import('./culprits.ts')).culprits(names, options) : options.operators === undefined ? (await import('./mutants.ts')).mutants(names, options) : (await import('./operators/operators.ts')).operators(names, options))));
}

function addBench(program: Command): void {
  program
    .command('bench')
    .allowExcessArguments(false)
    .description('measure against a limit or a peer, in the same run')
    .argument('[name...]', 'rows, or the part before the slash; without a name all but "endurance" and "hostile"')
    .option('--for <duration>', 'how long "endurance" goes on (15m)')
    .option('--json', 'print one JSON document and nothing else')
    .action(async (names, options) => leave(await (await import('./bench.ts')).bench(names, options)));
}

function addConform(program: Command): void {
  program
    .command('conform')
    .allowExcessArguments(false)
    .description('one scenario, two worlds: five live processes behind a proxy, and the simulator, judged by the same properties')
    .argument('[scenario]', 'which, or a run file; all of them without a name')
    .option('--seed <n>', 'what the scenarios are drawn from; without it one is drawn and printed first')
    .option('--for <duration>', 'live time of each scenario (90s)')
    .option('--list', 'list the scenarios')
    .option('--packets', 'live nodes in network namespaces of their own, where packets are lost: needs root; what it cannot do goes through the proxy')
    .option('--keep', "keep the live networks' files")
    .option('--json', 'print one JSON document and nothing else')
    .action(async (scenario, options) => leave(await (await import('./conform/conform.ts')).conform(scenario, options)));
}

function addNode(program: Command): void {
  program
    .command('node')
    .allowExcessArguments(false)
    .description('run a live node, or with --dev a network of three on this machine')
    .option('--dev', 'three nodes as processes of this machine, until interrupted; everything is generated')
    .option('--config <file>', 'a configuration as JSON; flags stand over what it says')
    .option('--data <dir>', "where the journal is kept; with --dev the network's directory (a temporary one by default)")
    .option('--self <n>', 'which member this is')
    .option('--key <file>', 'its key, as "lockstep keys generate" makes it')
    .option('--http <host:port>', 'where clients find it (127.0.0.1:8080)')
    .option('--p2p-listen <address>', 'where peers find it: /ip4/0.0.0.0/tcp/30333')
    .option('--network <name>', 'name of the network')
    .option('--groups <n>', 'replicated logs over which needs are spread (1)')
    .option('--member <id=key@address>', 'a member of the network; once for each', (value: string, others: string[] | undefined) => [...(others ?? []), value])
    .option('--mode <mode>', 'full, compute, storage or validator (full): shown by /health; full and compute ask the GPU driver, apart from that every mode does the same in this version')
    .option('--chain-rpc <url>', 'follow the finalised heads of a parent chain (Substrate JSON-RPC)')
    .option('--rejoin', 'this node lost its disk: with an empty directory it begins another life, learns first, and gets its seats back once it has caught up')
    .option('--sidecar-addr <host:port>', 'the sidecar beside this node: accepted and recorded; nothing is sent to it in this version')
    .addHelpText('after', '\nExit codes: 0 stopped and sealed; 1 the state of the node is not what its journal says; 2 this machine does not allow it: the configuration, a taken port, the data directory,\nor its disk, which failed or is full; 70 a bug of ours.')
    .action(async (options) => leave(await (await import('./node.ts')).node(options)));
}

function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('the key of a node')
    .action((_options, command: Command) => {
      const word = command.args[0];
      if (word !== undefined) throw new Complaint(`unknown action "${word}": did you mean "${nearest(word, ['generate', 'inspect'])}"? ("lockstep keys --help" describes them)`);
      throw new Complaint('expected what to do with a key: "lockstep keys generate FILE" or "lockstep keys inspect FILE"');
    })
    .allowExcessArguments();
  for (const [action, about] of [['generate', 'make a key in a new file'], ['inspect', 'show the public half of a key']] as const) {
    keys
      .command(action)
      .allowExcessArguments(false)
      .description(about)
      .argument('<file>', 'the key file')
      .option('--json', 'print one JSON document and nothing else')
      .action(async (file, options) => leave((await import('./keys.ts')).keys(action, file, options)));
  }
}

function leave(code: number): void {
  process.exitCode = code;
}

function unknownVerb(program: Command, word: string): never {
  const verbs = program.commands.map((command) => command.name());
  const present = verbs.filter((verb) => !LATER.some(([later]) => later === verb));
  // A verb of a later version is named only to somebody who clearly means it.
  const close = nearest(word, verbs);
  const meant = close !== undefined && editDistance(word, close) <= 2 ? close : nearest(word, present);
  throw new Complaint(`unknown verb "${word}": did you mean "${meant}"? (expected one of: ${present.join(', ')})`);
}

/** What the parser found wrong, in our words: one sentence, and the nearest flag. */
function explain(error: CommanderError, program: Command): Complaint {
  const verb = program.commands.find((command) => command.name() === process.argv[2]) ?? program;
  const help = `"${verb === program ? 'lockstep' : `lockstep ${verb.name()}`} --help" lists them`;
  const sentence = error.message.replace(/^error: /, '').replace(/\n.*$/s, '');
  if (error.code === 'commander.unknownOption') {
    const flag = /'(-[^'=]*)/.exec(sentence)?.[1] ?? '';
    const flags = verb.options.filter((option) => !option.hidden).map((option) => option.long ?? '');
    return new Complaint(`unknown flag "${flag}": did you mean "${nearest(flag, [...flags, '--help'])}"? (${help})`);
  }
  const expected = /^(option|missing|too many)/.test(sentence) ? ` (${help.replace('lists them', 'says what it expects')})` : '';
  return new Complaint(sentence + expected);
}

async function main(): Promise<void> {
  const program = buildProgram();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    const complaint = error instanceof CommanderError ? explain(error, program) : error;
    if (complaint instanceof Complaint) {
      process.stderr.write(`lockstep: ${complaint.message}\n`);
      return leave(complaint.exitCode);
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`lockstep: a bug of ours, not of your command; please report it with the command line and these lines:\n${text}\n`);
    leave(EXIT.ourBug);
  }
}

// A reader that went away (`| head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.held);
  throw error;
});
await main();
