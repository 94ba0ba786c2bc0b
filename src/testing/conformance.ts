import { systemRuntime } from '../core/runtime.ts';
import type { Provider } from '../providers/provider.ts';
import { answerChecks } from './conformance/answers.ts';
import { endingChecks } from './conformance/endings.ts';
import { failureChecks } from './conformance/failures.ts';
import type { Check, ConformanceScenario, ConformanceStage } from './conformance/scenario.ts';
import type { Emulator, EmulatorOptions } from './emulators/server.ts';

export type { ConformanceScenario, ConformanceStage } from './conformance/scenario.ts';

/** Registers one test: `it` of vitest or jest, `test` of `node:test`. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown;

/** What the provider under test talks to, one for each check. */
export type MakeProvider = (place: {
  /** Where the vendor of this check listens. */
  readonly url: string;
  readonly scenario: ConformanceScenario;
}) => Provider | Promise<Provider>;

interface CommonOptions {
  /** The provider's model. @default 'conformance-model' */
  readonly model?: (string | ((scenario: ConformanceScenario) => string)) | undefined;
  /** Names of scenarios that do not apply, as a vendor without images has none of `images`. Unknown ones are an error. */
  readonly skip?: readonly string[] | undefined;
  /** How long one check may take before it has failed: what never ends never says so. In milliseconds. @default 5_000 */
  readonly patienceMs?: number | undefined;
}

/** With one of failsoft's emulators, or with a stage of one's own that plays each scenario. */
export type ConformanceOptions = CommonOptions &
  (
    | { readonly emulator: (options: EmulatorOptions) => Promise<Emulator> }
    | { readonly stage: (scenario: ConformanceScenario) => Promise<ConformanceStage> }
  );

const providerChecks: readonly Check[] = [...answerChecks, ...endingChecks, ...failureChecks];

/**
 * Suites that say whether a part of one's own keeps its promises. They bring their own checks and need nothing of a
 * test runner but a way to register a test.
 *
 * @example
 * import { it } from 'vitest';
 * conformance.provider(it, ({ url }) => ollama({ host: url }), { emulator: ollamaEmulator });
 *
 * @example
 * // A provider of one's own, with a server of one's own that plays each scenario by its name.
 * conformance.provider(test, ({ url }) => myProvider(url), {
 *   stage: async ({ name, reply }) => startMyServer(name, reply),
 *   skip: ['images', 'reasoning'],
 * });
 */
export const conformance = {
  /**
   * Registers the checks of a provider: text, tools, schema, reasoning and usage, alike with and without a stream; one
   * end and nothing after it; requests left untouched; connections closed on abort and on leaving; every failure by
   * its kind; nothing incomplete taken for an answer.
   *
   * @throws TypeError at once for a name in `skip` that is no scenario
   */
  provider(test: RegisterTest, makeProvider: MakeProvider, options: ConformanceOptions): void {
    const { skip = [] } = options;
    const names = new Set(providerChecks.map(({ name }) => name));
    const unknown = skip.filter((name) => !names.has(name));
    if (unknown.length > 0) {
      throw new TypeError(
        `skip: no such scenario: ${unknown.join(', ')}; known are ${[...names].join(', ')}`,
      );
    }
    for (const check of providerChecks) {
      if (skip.includes(check.name)) continue;
      test(`${check.title} [${check.name}]`, () => run(check, makeProvider, options));
    }
  },
  /** What `provider` plays, for stages of one's own. */
  scenarios: providerChecks.map(({ name, reply, faults }): ConformanceScenario => ({
    name,
    ...(reply === undefined ? {} : { reply }),
    ...(faults === undefined ? {} : { faults }),
  })),
};

async function run(check: Check, makeProvider: MakeProvider, options: ConformanceOptions): Promise<void> {
  const { model = 'conformance-model', patienceMs = 5_000 } = options;
  const stage = 'stage' in options ? await options.stage(check) : await emulated(options.emulator, check);
  const over = new AbortController();
  try {
    const provider = await makeProvider({ url: stage.url, scenario: check });
    const checked = check.run({ provider, stage, model: typeof model === 'string' ? model : model(check) });
    await Promise.race([checked, impatience(patienceMs, over.signal)]);
  } finally {
    over.abort();
    await stage.close();
  }
}

async function impatience(patienceMs: number, signal: AbortSignal): Promise<never> {
  await systemRuntime.sleep(patienceMs, signal);
  throw new Error(`conformance: the check has not ended after ${patienceMs} ms`);
}

async function emulated(
  start: (options: EmulatorOptions) => Promise<Emulator>,
  { reply, faults }: ConformanceScenario,
): Promise<ConformanceStage> {
  const emulator = await start({ ...(reply ? { reply } : {}), ...(faults ? { faults } : {}) });
  return {
    url: emulator.url,
    requests: () => emulator.counters.requests,
    received: (count) => emulator.received(count),
    leftByClient: async () => (await emulator.requests.at(-1)?.ended) === 'aborted',
    close: () => emulator.close(),
  };
}
