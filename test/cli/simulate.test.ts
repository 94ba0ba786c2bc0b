import { describe, expect, it } from 'vitest';
import { createRouter } from '../../src/index.ts';
import { metricMeanings, scenarios, simulate, type MetricName } from '../../src/testing/index.ts';
import { failsoft, failsoftOnTerminal, failsoftProcess, fixture, scratch } from './failsoft.ts';

interface Json {
  passed: boolean;
  runs: {
    scenario: string;
    contestant: string;
    seed: number;
    trace: string;
    passed: boolean;
    metrics: Record<string, number | 'never' | null>;
  }[];
}

async function json(...words: string[]): Promise<Json> {
  const { out, err, code } = await failsoft('simulate', '--json', ...words);
  expect(code, err).toBeLessThan(2);
  return JSON.parse(out) as Json;
}

describe('failsoft', () => {
  it('says what it can do', async () => {
    const help = await failsoftProcess('--help');
    expect([help.code, help.err]).toEqual([0, '']);
    expect(help.out).toContain('simulate');
    expect((await failsoft()).out).toBe(help.out);
    expect((await failsoft('--version')).out).toMatch(/^\d+\.\d+\.\d+/);
    const more = await failsoft('simulate', '--help');
    expect(more.code).toBe(0);
    for (const word of ['--config', '--traffic', '--html', '--seeds', '--fault-at', 'S2-60'])
      expect(more.out).toContain(word);
    // Fits a terminal of 120 columns.
    expect(Math.max(...more.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it.each([
    [['simulat'], "command 'simulat' is not known; did you mean 'simulate'?"],
    [['--verison'], "option '--verison' is not known; did you mean '--version'?"],
    [['simulate', 'S2-6O'], "scenario 'S2-6O' is not known; did you mean 'S2-60'?"],
    [['simulate', '--sceds', '3'], "option '--sceds' is not known; did you mean '--seeds'?"],
    [['simulate', '--seeds', '0'], "--seeds: expected a whole number ≥ 1, got '0'"],
    [['simulate', '--rate', 'many'], "--rate: expected a number > 0, got 'many'"],
    [['simulate', '--rate', '-1'], "--rate: expected a value, got '-1'\n"],
    [['simulate', '--rate=-1'], "--rate: expected a number > 0, got '-1'"],
    [['simulate', '--model', 'chat'], 'need --config'],
    [['simulate', '--fault-at', '60s'], 'needs --traffic'],
    [['simulate', '--html'], "'--html <value>' argument missing"],
  ])('says of %j what is wrong, and ends with 2', async (words, message) => {
    const { code, out, err } = await failsoft(...words);
    expect(err).toContain(message);
    expect([code, out]).toEqual([2, '']);
  });

  it('tells wrong use without a stack', async () => {
    const { code, out, err } = await failsoftProcess('simulate', 'S2-6O');
    expect(err).toBe("failsoft: scenario 'S2-6O' is not known; did you mean 'S2-60'?\n");
    expect([code, out]).toEqual([2, '']);
  });
});

describe('failsoft simulate', () => {
  it('runs the scenarios that simulate() runs, and ends with 0 where all lines are met', async () => {
    const ran = await failsoftProcess('simulate', 'S8', '--seeds', '1', '--rate', '2');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('| S8       | garbage with status 200, 10 % of calls');
    expect(ran.out.match(/\| met +\|/g)).toHaveLength(3);
    const { runs } = await json('S8', '--seeds', '1', '--first', '2', '--rate', '2');
    const { trace } = await simulate({
      scenario: { ...scenarios.S8, traffic: { callsPerSecond: 2 } },
      seed: 2,
      router: ({ models, runtime, observers, options }) =>
        createRouter({ ...options, models, runtime, observers }),
    });
    expect(runs).toMatchObject([{ scenario: 'S8', seed: 2, trace }]);
  });

  it('says on a terminal what is being run, in a line that is gone in the end', async () => {
    const words = ['simulate', 'S8', '--seeds', '2', '--rate', '2', '--json'];
    const { out, err, code } = await failsoftOnTerminal(...words);
    expect(code).toBe(0);
    const clear = '\r\u001b[K';
    expect(err).toBe(`${clear}1 of 2: S8, seed 1 …${clear}2 of 2: S8, seed 2 …${clear}`);
    // Elsewhere there is none of it, and the rest is the same.
    expect(await failsoft(...words)).toEqual({ out, err: '', code });
  });

  it('ends with 1 where a line is missed, and says which run it was', async () => {
    const { code, out, err } = await failsoftProcess(
      'simulate',
      'S1',
      '--seeds',
      '1',
      '--rate',
      '2',
      '--config',
      fixture('one.ts'),
    );
    expect(code).toBe(1);
    expect(out).toContain('**0 of 1**');
    expect(err).toMatch(/^missed: S1 seed 1 trace [0-9a-f]{16}\n$/);
  });

  it('puts baselines beside it, which do not decide how it ends', async () => {
    const { out, code } = await failsoft(
      'simulate',
      'S8',
      '--seeds',
      '1',
      '--rate',
      '2',
      '--baselines',
      '--timeline',
    );
    expect(code).toBe(0);
    for (const name of ['fallbackLoop', 'consecutiveBreaker', 'S8 seed 1 trace']) expect(out).toContain(name);
  });

  it('says once what each figure of the table is', async () => {
    const { out } = await failsoft('simulate', 'S1', 'S8', '--seeds', '1', '--rate', '2');
    const figures = new Set([...out.matchAll(/^\|.*\| (\w+) +\| [≥≤=]/gm)].map(([, name = '']) => name));
    expect(figures.size).toBeGreaterThan(2);
    for (const name of figures)
      expect(out.split(`\n${name}: ${metricMeanings[name as MetricName]}.\n`)).toHaveLength(2);
  });
});

describe('--config', () => {
  it('runs the router of the host without asking its providers or telling its observers', async () => {
    const words = ['simulate', 'S9', '--seeds', '1', '--rate', '2', '--config', fixture('host.mjs')];
    const { out, err, code } = await failsoftProcess(...words);
    expect(err.replaceAll(/missed:.*\n/g, '')).toBe('');
    expect(code).toBeLessThan(2);
    expect(out).toContain(
      '<b>gpt</b> (gpt-like), anthropic/claude-sonnet-5 (sonnet-like), azure (a profile of its own), local (local-like), mini (flash-like)',
    );
    const { runs } = await json('S9', '--seeds', '1', '--rate', '2', '--config', fixture('host.mjs'));
    expect(runs[0]?.metrics).toMatchObject({ corrupt: 0, hangs: 0 });
    expect(runs[0]?.metrics.success).toBeGreaterThan(0.99);
  });

  it('puts the fault on the first target, or where it is wanted', async () => {
    const loads = async (...words: string[]) => {
      const [run] = (
        await json('S1', '--seeds', '1', '--rate', '3', '--config', fixture('host.mjs'), ...words)
      ).runs;
      return [run?.metrics.struckAttempts, run?.metrics.loadOnA];
    };
    const [struck] = await loads();
    expect(struck).toBeGreaterThan(0);
    // In reserve, behind all others: it is not asked.
    expect(await loads('--fault-on', 'local')).toEqual([0, 0]);
    const [atMini] = await loads('--model', 'cheap');
    expect(atMini).toBeGreaterThan(0);
  });

  it('says which target a letter stands for, and warns of a fault that met nobody', async () => {
    const words = ['simulate', 'S1', '--seeds', '1', '--rate', '3', '--config', fixture('host.mjs')];
    const usual = await failsoft(...words);
    expect(usual.out).toContain(
      'call by a letter: a = <b>gpt</b>, b = anthropic/claude-sonnet-5, c = azure.\n',
    );
    expect(usual.out).not.toContain('Warning');
    const unmet = 'Warning: the fault met nobody in S1: no request went to mini while it lasted.\n';
    const idle = await failsoft(...words, '--fault-on', 'mini');
    expect(idle.out).toContain(
      'call by a letter: a = mini, b = <b>gpt</b>, c = anthropic/claude-sonnet-5.\n',
    );
    expect(idle.out).toContain(unmet);
    const forPrograms = await failsoft(...words, '--fault-on', 'mini', '--json');
    expect(() => JSON.parse(forPrograms.out) as unknown).not.toThrow();
    expect(forPrograms.err).toContain(unmet);
  });

  it('reads TypeScript, one target alone, and functions of the simulated parts', async () => {
    expect(
      (await json('S8', '--seeds', '1', '--rate', '2', '--config', fixture('one.ts'))).runs,
    ).toHaveLength(1);
    const parts = await json('S1', '--seeds', '1', '--rate', '3', '--config', fixture('parts.mjs'));
    expect(parts.runs[0]?.metrics.success).toBeGreaterThan(0.999);
    const made = await failsoft(
      'simulate',
      'S1',
      '--seeds',
      '1',
      '--config',
      fixture('options-function.mjs'),
    );
    expect(made.out).toContain('local (local-like).');
    expect(made.err).not.toContain('was called');
  });

  it('says what to do where Node takes an ES module for CommonJS', async () => {
    using folder = scratch();
    folder.file('package.json', '{ "type": "commonjs" }');
    for (const [name, better] of [
      ['router.ts', '.mts'],
      ['router.js', '.mjs'],
    ] as const) {
      const path = folder.file(name, "import 'node:fs';\nexport default { models: {} };\n");
      const { err, code } = await failsoftProcess('simulate', 'S1', '--config', path);
      expect(err).toContain(`name it ${better}, or set "type": "module"`);
      expect(code).toBe(2);
    }
  });

  it.each([
    ['nowhere.mjs', [], 'there is no such file'],
    ['throwing.mjs', [], 'loading it failed: no key at 100 % of places'],
    ['throwing-function.mjs', [], 'the router cannot be made: no key at 100 % of places'],
    [
      'no-default.mjs',
      [],
      'expected a default export, router options or a function that returns them; it exports options, router',
    ],
    [
      'router.mjs',
      [],
      'the default export is a router, whose providers cannot be replaced; export its options',
    ],
    ['real-router.mjs', [], 'which would ask real providers; let it return the options instead'],
    ['promise.mjs', [], 'expected the function to return router options or a router at once'],
    ['misspelt.mjs', [], "did you mean 'weight'?"],
    ['profile.mjs', [], "profile 'sonet-like' is not known; did you mean 'sonnet-like'?"],
    ['host.mjs', ['--model', 'chta'], "'chta' is not known; did you mean 'chat'?"],
    ['host.mjs', ['--fault-on', 'azur'], "'azur' is not known; did you mean 'azure'?"],
    ['parts.mjs', ['--fault-on', 'a'], 'need router options'],
  ])('says what is wrong with %s %j', async (name, words, message) => {
    const { code, out, err } = await failsoft('simulate', 'S1', '--config', fixture(name), ...words);
    expect(err).toContain(message);
    expect([code, out]).toEqual([2, '']);
  });
});

const start = Date.parse('2026-03-01T12:00:00Z');

/** So many calls, one every `everyMs`. */
function log(count: number, everyMs: number, more: (index: number) => object = () => ({})): string {
  const lines = Array.from({ length: count }, (_, index) =>
    JSON.stringify({ at: start + index * everyMs, ...more(index) }),
  );
  return lines.join('\n');
}

describe('--traffic', () => {
  it('replays calls as they came, in a window that --fault-at moves', async () => {
    using files = scratch();
    const traffic = files.file(
      'calls.jsonl',
      log(1_201, 1_000, (index) => ({
        outputTokens: 50,
        stream: index % 2 === 0,
        totalMs: 8_000,
        other: 'field',
      })),
    );
    const { out, err } = await failsoft('simulate', 'S9', '--seeds', '1', '--traffic', traffic);
    expect(err).not.toContain('failsoft:');
    expect(out).toContain(
      '1201 recorded calls over 20 min: a window as long as the scenario (3 min 40 s) is laid over it',
    );
    const at = async (when: string) =>
      (await json('S9', '--seeds', '1', '--traffic', traffic, '--fault-at', when)).runs[0];
    const fromStart = await at('5m');
    expect(fromStart?.metrics.answersInFault).toBe(40);
    expect((await at('2026-03-01T12:05:00Z'))?.trace).toBe(fromStart?.trace);
    expect((await at('300'))?.trace).toBe(fromStart?.trace);
  });

  it('goes round where the scenario is longer', async () => {
    using files = scratch();
    const { out } = await failsoft(
      'simulate',
      'S9',
      '--seeds',
      '1',
      '--traffic',
      files.file('short.jsonl', log(100, 500)),
    );
    expect(out).toContain('the traffic comes again');
    const { runs } = await json('S9', '--seeds', '1', '--traffic', files.file('short.jsonl'));
    expect(runs[0]?.metrics.answersInFault).toBe(80);
  });

  it('asks for the models of the host that the log names', async () => {
    using files = scratch();
    const cheap = files.file(
      'cheap.jsonl',
      log(600, 500, () => ({ model: 'cheap' })),
    );
    const { runs } = await json('S1', '--seeds', '1', '--traffic', cheap, '--config', fixture('host.mjs'));
    expect(runs[0]?.metrics.loadOnA).toBe(0);
    const unknown = files.file(
      'unknown.jsonl',
      log(3, 500, () => ({ model: 'cheep' })),
    );
    const { err, code } = await failsoft(
      'simulate',
      'S1',
      '--traffic',
      unknown,
      '--config',
      fixture('host.mjs'),
    );
    expect(err).toContain("line 1: no model is called 'cheep'; did you mean 'cheap'?");
    expect(code).toBe(2);
  });

  it('takes the events that observers are told', async () => {
    using files = scratch();
    const events: object[] = [];
    await simulate({
      scenario: { ...scenarios.S1, lastsMs: 120_000, traffic: { callsPerSecond: 3 } },
      router: ({ models, runtime, observers }) =>
        createRouter({ models, runtime, observers: [...observers, (event) => void events.push(event)] }),
    });
    const lines = (kept: readonly object[]) => kept.map((event) => JSON.stringify(event)).join('\n');
    const calls = events.filter((event) => (event as { type: string }).type === 'call');
    const started = async (name: string, text: string) => {
      const { out } = await failsoft('simulate', 'S8', '--seeds', '1', '--traffic', files.file(name, text));
      return /^(\d+) recorded calls over (.*?):/m.exec(out)?.slice(1, 3);
    };
    const all = await started('all.jsonl', lines(events));
    expect(all).toEqual([String(calls.length), '119 s']);
    const attempts = events.filter((event) => (event as { type: string }).type === 'attempt');
    expect(await started('attempts.jsonl', lines(attempts))).toEqual(all);
  });

  it.each([
    ['{"at":1}\n\n{"at":2,}\n', [], /line 3: expected JSON: /],
    ['{"at":"yesterday"}', [], /line 1: at: expected epoch milliseconds or an ISO date, got "yesterday"/],
    ['{"model":"chat"}', [], /line 1: at: .*got nothing/],
    ['{"at":1,"outputTokens":-4}', [], /line 1: outputTokens: expected a number ≥ 0, got -4/],
    ['{"at":1,"stream":"yes"}', [], /line 1: stream: expected true or false, got "yes"/],
    ['{"at":1,"totalMs":0}', [], /line 1: totalMs: expected a number > 0, got 0/],
    [
      '[1]\n"100 %"\n3\n4\n5\n6\n7\n',
      [],
      /7 lines cannot be read\n {2}line 1: .*\n.*100 %.*\n.*\n.*\n.*\n {2}and 2 more/,
    ],
    ['\n\n', [], /there is no call in it/],
    ['{"at":1}\n{"at":90000}', ['--fault-at', '2h'], /the traffic lasts 90 s, .* outside of it/],
    ['{"at":1}', ['--rate', '3'], /--rate and --bursts are for drawn calls/],
  ])('says of %j what is wrong, by its line', async (text, words, message) => {
    using files = scratch();
    const { code, out, err } = await failsoft(
      'simulate',
      'S8',
      '--traffic',
      files.file('broken.jsonl', text),
      ...words,
    );
    expect(err).toMatch(message);
    expect([code, out]).toEqual([2, '']);
  });
});
