/**
 * A test runner for Stryker that loads code and tests once and then runs, for each mutant, only the tests that reach it: those that
 * killed its neighbours first, then those of each file in turn, the quickest first, as many as fit into three seconds of work: a
 * mutant that these do not kill has survived. Through vitest each mutant costs seconds, since all is loaded anew for each.
 */
import { readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { collect, LeftOut, run } from './vitest.mjs';
import { excludedFiles, excludedTests, rooms } from './tests.mjs';

const { setTimeout, clearTimeout, setImmediate } = globalThis;
/** No test of these takes a second on an idle machine; some mutants make one wait for ever. */
const testMs = 10_000;
/** Before there are mutants, on a machine with much else to do. */
const firstTestMs = 120_000;

/** What one mutant may cost, in milliseconds of work. */
const mostWorkMs = 3_000;

/** Stryker ends what is passed a hundred times as often as without a mutant; five times is enough where all tests run once at most. */
const hitsTooMany = 20;

const standIns = {
  vitest: import.meta.resolve('./vitest.mjs'),
  'fast-check': import.meta.resolve('./fewer-cases.mjs'),
};

class Runner {
  #tests = new Map();
  #kills = new Map();
  #stray = undefined;
  #isFresh = true;
  #isSpoilt = false;
  #log;

  /** What instrumented code asks whether a mutant is active, and tells what it passed. */
  stryker = (globalThis.__stryker__ ??= {});

  constructor(log) {
    this.#log = log;
  }

  capabilities() {
    // There is nothing to load anew: what is worked out once when a module loads is not mutated.
    return { reloadEnvironment: true };
  }

  async init() {
    const noteStray = (error) => (this.#stray ??= error ?? new Error('rejected with nothing'));
    process.on('unhandledRejection', noteStray);
    process.on('uncaughtException', noteStray);
    const sandbox = pathToFileURL(join(process.cwd(), 'test/')).href;
    registerHooks({
      resolve(specifier, context, next) {
        const standIn = context.parentURL?.startsWith(sandbox) ? standIns[specifier] : undefined;
        return standIn === undefined ? next(specifier, context) : { url: standIn, shortCircuit: true };
      },
    });
    for (const file of testFiles()) await this.#load(file);
  }

  async #load(file) {
    const tests = await collect(file, () => import(pathToFileURL(resolve(file)).href));
    for (const test of tests.filter(({ name }) => !excludedTests.test(name))) {
      let id = `${file}#${test.name}`;
      while (this.#tests.has(id)) id += '+';
      this.#tests.set(id, { ...test, id, file, ms: 0 });
    }
  }

  async dryRun() {
    const results = [];
    for (const test of this.#tests.values()) {
      this.stryker.currentTestId = test.id;
      const error = await this.#attempt(test, firstTestMs);
      this.stryker.currentTestId = undefined;
      results.push({ ...resultOf(test, error), timeSpentMs: test.ms });
    }
    const { static: atLoad, perTest } = this.stryker.mutantCoverage ?? {};
    const mutantCoverage = { static: { ...atLoad }, perTest: { ...perTest } };
    await this.#leaveOutWhatRunsOnce(results);
    for (const { id, status } of results) if (status === SKIPPED) delete mutantCoverage.perTest[id];
    return { status: 'complete', tests: results, mutantCoverage };
  }

  /** A test that fails when it runs a second time in the same process would kill every mutant. */
  async #leaveOutWhatRunsOnce(results) {
    for (const result of results) {
      if (result.status !== SUCCESS) continue;
      const error = await this.#attempt(this.#tests.get(result.id), firstTestMs);
      if (error !== undefined) result.status = SKIPPED;
    }
    const leftOut = results.filter(({ status }) => status === SKIPPED).map(({ id }) => id);
    this.#log.info(`left out, since they need a process of their own:\n${leftOut.join('\n')}`);
  }

  async mutantRun({ testFilter, hitLimit, activeMutant, sandboxFileName }) {
    if (this.#isSpoilt) throw new Error('the mutant before this one left the process spoilt');
    const mostHits = hitLimit / hitsTooMany;
    const tests = this.#inOrder(testFilter, this.#killsOf(sandboxFileName));
    Object.assign(this.stryker, { activeMutant: activeMutant.id, hitCount: 0, hitLimit: mostHits });
    const { killer, error, nrOfTests } = await this.#firstToFail(tests);
    const isLoop = this.stryker.hitCount > mostHits;
    Object.assign(this.stryker, { activeMutant: undefined, hitCount: undefined, hitLimit: undefined });
    await settle();
    if (killer !== undefined) await this.#believe(killer, sandboxFileName);
    this.#isFresh = false;
    if (isLoop) return { status: 'timeout', reason: 'it is passed for ever' };
    if (killer === undefined) return { status: 'survived', nrOfTests };
    return { status: 'killed', killedBy: [killer.id], failureMessage: error.message, nrOfTests };
  }

  /** First those that killed its neighbours, then one of each file in turn: the quickest of all would be much of the same. */
  #inOrder(ids, kills) {
    const tests = ids.map((id) => this.#tests.get(id)).sort((a, b) => a.nth - b.nth || a.ms - b.ms);
    const seen = new Map();
    const turnOf = new Map();
    for (const { id, file } of tests) {
      seen.set(file, (seen.get(file) ?? 0) + 1);
      turnOf.set(id, seen.get(file));
    }
    const killsOf = ({ id }) => kills.get(id) ?? 0;
    return tests.sort((a, b) => killsOf(b) - killsOf(a) || turnOf.get(a.id) - turnOf.get(b.id));
  }

  async #firstToFail(tests) {
    let nrOfTests = 0;
    let leftMs = mostWorkMs;
    for (const test of tests) {
      if (test.ms > leftMs) continue;
      leftMs -= test.ms;
      nrOfTests += 1;
      const error = await this.#attempt(test);
      if (error !== undefined) return { killer: test, error, nrOfTests };
    }
    return { nrOfTests };
  }

  /** Without the mutant the test has to pass again. If it does not, some mutant has spoilt what all share: Stryker starts anew. */
  async #believe(killer, file) {
    const kills = this.#killsOf(file);
    kills.set(killer.id, (kills.get(killer.id) ?? 0) + 1);
    const error = await this.#attempt(killer);
    if (error === undefined) return;
    this.#isSpoilt = true;
    if (!this.#isFresh) throw new Error(`spoilt: ${killer.id}: ${error.message}`);
  }

  #killsOf(file) {
    const known = this.#kills.get(file) ?? new Map();
    this.#kills.set(file, known);
    return known;
  }

  /** What went wrong, or undefined. */
  async #attempt(test, mostMs = testMs) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('took too long')), mostMs);
    });
    this.#stray = undefined;
    const before = process.cpuUsage();
    try {
      await Promise.race([run(test), late]);
      if (this.#stray !== undefined) return asError(this.#stray);
      const { user, system } = process.cpuUsage(before);
      test.ms = (user + system) / 1_000;
      return undefined;
    } catch (error) {
      return asError(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a mutant left behind ends before the next one begins. */
async function settle() {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((done) => setImmediate(done));
}

const SUCCESS = 0;
const FAILED = 1;
const SKIPPED = 2;

function resultOf({ id, name, file }, error) {
  const base = { id, name, fileName: resolve(file) };
  if (error === undefined) return { ...base, status: SUCCESS };
  if (error instanceof LeftOut) return { ...base, status: SKIPPED };
  return { ...base, status: FAILED, failureMessage: error.stack ?? error.message };
}

function asError(error) {
  return error instanceof Error ? error : new Error(String(error));
}

function testFiles() {
  const inRoom = (room) =>
    readdirSync(`test/${room}`)
      .filter((name) => name.endsWith('.test.ts') && !excludedFiles.includes(name))
      .map((name) => `test/${room}/${name}`);
  return rooms.flatMap(inRoom);
}

function makeRunner(log) {
  return new Runner(log);
}
makeRunner.inject = ['logger'];

/** Stryker finds it by this name. */
export const strykerPlugins = [{ kind: 'TestRunner', name: 'rooms', factory: makeRunner }];
