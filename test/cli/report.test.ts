import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, beforeAll, afterAll } from 'vitest';
import { createRouter } from 'failsoft';
import { failsoftAtDefaults } from '../../src/cli/simulate/host.ts';
import { reportPage } from '../../src/cli/simulate/report/page.ts';
import { seriesOf } from '../../src/cli/simulate/report/series.ts';
import { keep } from '../../src/cli/simulate/results.ts';
import { scenarios, simulate } from '../../src/testing/index.ts';
import { findBrowser, openPage, type Page } from '../support/browser.ts';
import { failsoft, fixture, scratch } from './failsoft.ts';

const files = scratch();
afterAll(() => files[Symbol.dispose]());

async function report(name: string, ...words: string[]): Promise<string> {
  const path = files.file(name);
  const { code, err } = await failsoft('simulate', ...words, '--html', path);
  expect(code, err).toBeLessThan(2);
  return path;
}

const textOf = (path: string) => readFileSync(path, 'utf8');

describe('the report', () => {
  it('has the same bytes for the same seeds, and holds all that it shows', async () => {
    const words = ['S1', 'S8', '--seeds', '2', '--rate', '2'];
    const page = textOf(await report('one.html', ...words));
    expect(textOf(await report('two.html', ...words))).toBe(page);
    expect(page.length).toBeLessThan(300_000);
    expect(page).not.toMatch(/(src|href)="(?!#)|@import|url\(|https?:/);
    expect(page).toContain("default-src 'none'");
    // 0 % and 100 % go through as they are.
    expect(page).toContain('hard down: 503 after 50 ms');
    expect(page).toContain('garbage with status 200, 10 % of calls');
    expect(page.slice(0, page.indexOf('<script>'))).not.toMatch(/undefined|NaN|Infinity/);
  });

  it('escapes what a host named', async () => {
    const page = textOf(
      await report('host.html', 'S1', '--seeds', '1', '--rate', '2', '--config', fixture('host.mjs')),
    );
    expect(page).toContain('&lt;b&gt;gpt&lt;/b&gt;');
    expect(page).not.toContain('<b>gpt</b>');
  });

  it('stays small however much is run: then the worst seeds have charts', async () => {
    const scenario = { ...scenarios.S1, traffic: { callsPerSecond: 1 } };
    const report = await simulate({ scenario, router: failsoftAtDefaults.router, sampleEveryMs: 1_000 });
    const run = keep(report, seriesOf(report, scenario));
    const runs = Array.from({ length: 90 }, (_, seed) => ({ ...run, seed }));
    const results = [{ scenario, runs: new Map([['failsoft', runs]]) }];
    const page = reportPage({ results, notes: [], version: '1.0.0' });
    expect(page.length).toBeLessThan(1_000_000);
    const charted = Number(/Charts of (\d+) of 90 seeds/.exec(page)?.[1]);
    expect(charted).toBeGreaterThan(5);
    expect(page.match(/class="run"/g)).toHaveLength(charted);
  });

  it('takes few characters for what it shows of five targets, and tells once what never changes', async () => {
    const targets = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, profile: 'gpt-like' as const }));
    const scenario = scenarios.S1;
    const report = await simulate({
      scenario,
      targets,
      sampleEveryMs: 1_000,
      router: ({ models, runtime, observers, options }) =>
        createRouter({
          ...options,
          models: { chat: models.chat.map((target) => ({ ...target, weight: 1 })) },
          runtime,
          observers,
        }),
    });
    const results = [{ scenario, runs: new Map([['failsoft', [keep(report, seriesOf(report, scenario))]]]) }];
    const page = reportPage({ results, notes: [], version: '1.0.0' });
    const section = page.slice(page.indexOf('<section'), page.indexOf('</section>'));
    expect(section.match(/class="chart"/g)).toHaveLength(4 + targets.length);
    console.log(section.length);
    expect(section.length).toBeLessThan(36_000);
    expect(section).toMatch(/colgroup">b <i>given up 0/);
  });

  it('says where it cannot be written', async () => {
    const { code, err } = await failsoft(
      'simulate',
      'S8',
      '--seeds',
      '1',
      '--rate',
      '1',
      '--html',
      files.file('no/such.html'),
    );
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/^failsoft: --html .*: it cannot be written: ENOENT/),
    ]);
  });
});

const browser = findBrowser();

describe.skipIf(browser === undefined)(
  'the report, in a browser (skipped where no Chromium is found; CHROMIUM names one)',
  () => {
    let page: Page;
    let charts = 0;

    beforeAll(async () => {
      const path = await report(
        'shown.html',
        'S1',
        'S8',
        '--seeds',
        '2',
        '--rate',
        '4',
        '--config',
        fixture('host.mjs'),
      );
      page = await openPage(browser!);
      await page.open(pathToFileURL(path).href);
      charts = await page.read<number>(`document.querySelectorAll('details[open] .chart').length`);
    }, 60_000);

    afterAll(() => page[Symbol.asyncDispose]());

    const boxOf = (selector: string) =>
      page.read<{ x: number; y: number; width: number; height: number }>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: 'center' });
      return element.getBoundingClientRect().toJSON();
    })()`);
    const readout = () => page.read<string>(`document.querySelector('.readout').textContent`);
    const cursor = () => page.read<string>(`getComputedStyle(document.querySelector('.cursor')).visibility`);

    it('shows charts that are drawn, named and as wide as the page', async () => {
      expect(charts).toBeGreaterThanOrEqual(2 * 6);
      const shapes = await page.read<number[]>(
        `[...document.querySelectorAll('details[open] .chart')].map((chart) => chart.querySelectorAll('path[d^="M"]').length)`,
      );
      expect(Math.min(...shapes)).toBeGreaterThan(1);
      const names = await page.read<string[]>(
        `[...document.querySelectorAll('.chart')].map((chart) => chart.getAttribute('aria-label'))`,
      );
      expect(names).toContain('<b>gpt</b>: requests, failures, share allowed and state');
      expect((await boxOf('.chart')).width).toBeGreaterThan(600);
    });

    it('tells by a pointer and by keys what was at one moment', async () => {
      expect(await readout()).toContain('Point at a chart');
      const { x, y, width, height } = await boxOf('.chart');
      const move = { type: 'mouseMoved', x: x + width * 0.355, y: y + height / 2 };
      await page.send('Input.dispatchMouseEvent', move);
      // 300 s in steps of 5: 0.355 of the width is the 22nd.
      expect(await readout()).toMatch(
        /^1:45, in the faultcalls answered \d+ · slow \d+ · failed \d+first text p50 [\d.]+ s/,
      );
      expect(await readout()).toMatch(/<b>gpt<\/b> first asked \d+ % · requests \d+/);
      expect(await cursor()).toBe('visible');
      await page.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 1, y: 1 });
      expect(await cursor()).toBe('hidden');
      await page.read(`document.querySelector('.charts').focus()`);
      for (const key of ['End', 'ArrowLeft'])
        await page.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code: key });
      expect(await readout()).toMatch(/^4:50calls/);
    });

    it('is dark where that is wanted', async () => {
      const paper = () => page.read<string>(`getComputedStyle(document.body).backgroundColor`);
      const light = await paper();
      await page.send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: 'dark' }],
      });
      expect([light, await paper()]).toEqual(['rgb(253, 253, 252)', 'rgb(20, 24, 28)']);
    });

    it('fits a phone', async () => {
      await page.send('Emulation.setDeviceMetricsOverride', {
        width: 360,
        height: 740,
        deviceScaleFactor: 2,
        mobile: true,
      });
      expect(await page.read<number>('document.documentElement.scrollWidth')).toBe(360);
      expect((await boxOf('.chart')).width).toBeGreaterThan(320);
    });

    it('asks for nothing else, and has no complaint', () => {
      expect(page.requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
      expect(page.requests).toHaveLength(1);
      expect(page.complaints).toEqual([]);
    });
  },
);
