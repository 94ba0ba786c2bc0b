import { createHash } from 'node:crypto';
import { metricMeanings, type LineResult, type SimulatedTargetSpec } from 'failsoft/testing';
import { demandOf, duration, medianOf, shown, worstOf } from '../figures.ts';
import { runsOf, worstRun, type RunResult, type ScenarioResult } from '../results.ts';
import { timesBelow } from './chart.ts';
import { chartsOf } from './charts.ts';
import { legendKeys } from './legend.ts';
import { markup, raw, type Markup } from './markup.ts';
import { runTable } from './run-table.ts';
import { script } from './script.ts';
import type { Series } from './series.ts';
import { style } from './style.ts';

export interface ReportInput {
  readonly results: readonly ScenarioResult[];
  /** How it was run, in sentences. */
  readonly notes: readonly string[];
  /** The host's own, where it brought some. */
  readonly targets?: readonly SimulatedTargetSpec[];
  readonly version: string;
}

/** A file beyond this opens slowly and cannot be mailed: then not every seed gets its charts. */
const mostCharacters = 950_000;

/**
 * The whole report in one file, which asks for no other: the same runs give the same bytes. Its policy lets nothing in but
 * the style and the script that it holds, by their hashes.
 */
export function reportPage(input: ReportInput): string {
  const { results, version } = input;
  const charted = chartsWithin(results);
  const missed = results.filter((result) => !isMet(result)).length;
  const verdict =
    missed === 0
      ? `Every pass line was met in ${results.length === 1 ? 'the scenario' : `all ${results.length} scenarios`}`
      : `${results.length - missed} of ${results.length} scenarios met every pass line`;
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}">
<title>${verdict} · failsoft simulation</title>
<style>${raw(style)}</style>
${legendKeys()}${timesBelow(results.flatMap(seriesIn))}
<main>
<p class="quiet">failsoft ${version} · simulation</p>
<h1>${verdict}</h1>
${introduction(input)}
${results.length > 1 ? summary(results) : ''}
${results.map((result) => scenarioSection(result, charted.get(result) ?? new Map<RunResult, Markup>()))}
</main>
<script>${raw(script)}</script>
</html>
`;
  return page.text;
}

function seriesIn(result: ScenarioResult): Series[] {
  return runsOf(result).flatMap(({ series }) => series ?? []);
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function isMet(result: ScenarioResult): boolean {
  return runsOf(result).every(({ passed }) => passed);
}

function introduction({ results, notes, targets }: ReportInput): Markup {
  const runs = results[0] ? runsOf(results[0]) : [];
  const seeds =
    runs.length === 1
      ? `seed ${runs[0]?.seed}`
      : `${runs.length} seeds, ${runs[0]?.seed} to ${runs.at(-1)?.seed}`;
  const told = targets ? notes.filter((note) => !note.startsWith('Targets,')) : notes;
  return markup`<p>Real router, simulated providers and clock; each scenario was run with ${seeds}. The same seed gives the same
calls, the same faults and the same figures.</p>
${told.map((note) => markup`<p>${note}</p>`)}
${targets && targetTable(targets)}`;
}

function targetTable(targets: readonly SimulatedTargetSpec[]): Markup {
  const caption = 'The targets, simulated. The first has the fault.';
  const rows = targets.map(
    ({ id, model, provider, profile }) =>
      markup`<tr><th scope="row">${id}<td>${model}<td>${provider}<td>${
        typeof profile === 'string' ? profile : 'as the module states'
      }`,
  );
  return tableOf({ caption, head: ['target', 'model', 'provider', 'behaves'], rows });
}

interface TableInput {
  readonly caption?: string;
  /** Names that begin with `#` stand above figures. */
  readonly head: readonly string[];
  readonly rows: readonly Markup[];
}

function tableOf({ caption, head, rows }: TableInput): Markup {
  const cells = head.map((name) =>
    name.startsWith('#')
      ? markup`<th scope="col" class="number">${name.slice(1)}`
      : markup`<th scope="col">${name}`,
  );
  return markup`<div class="scroll"><table>${caption === undefined ? '' : markup`<caption>${caption}</caption>`}
<thead><tr>${cells}
<tbody>${rows}</table></div>
`;
}

function summary(results: readonly ScenarioResult[]): Markup {
  const caption = 'Medians over the seeds, of calls that began in the fault.';
  const head = [
    'scenario',
    'what goes wrong',
    '#answered',
    '#first text, p99',
    '#requests a call',
    '#lines met',
  ];
  return tableOf({ caption, head, rows: results.map(summaryRow) });
}

function summaryRow(result: ScenarioResult): Markup {
  const { scenario } = result;
  const runs = runsOf(result);
  const median = (metric: 'successInFault' | 'firstTokenP99Ms' | 'attemptsPerCall') =>
    shown(metric, medianOf(runs.map(({ metrics }) => metrics[metric])));
  const lines = linesOf(result);
  const met = lines.filter((line) => line.every(({ passed }) => passed)).length;
  const verdict = met === lines.length ? 'met' : 'missed';
  return markup`<tr><th scope="row" class="nowrap"><a href="#${anchorOf(result)}">${scenario.name}</a><td>${prose(scenario.title)}${[
    median('successInFault'),
    median('firstTokenP99Ms'),
    median('attemptsPerCall'),
  ].map(
    (figure) => markup`<td class="number">${figure}`,
  )}<td class="number ${verdict}">${met} of ${lines.length}
`;
}

function anchorOf({ scenario }: ScenarioResult): string {
  return `scenario-${scenario.name}`;
}

/** By line, then by seed. */
function linesOf(result: ScenarioResult): LineResult[][] {
  const runs = runsOf(result);
  return (runs[0]?.lines ?? []).map((_, index) => runs.map(({ lines }) => lines[index] as LineResult));
}

function scenarioSection(result: ScenarioResult, charted: ReadonlyMap<RunResult, Markup>): Markup {
  const { scenario } = result;
  const { lastsMs, faultFromMs, faultUntilMs, traffic } = scenario;
  const runs = runsOf(result);
  const faultTime =
    faultFromMs === 0 && faultUntilMs >= lastsMs
      ? 'faults may come at any time'
      : `the fault lasts from ${duration(faultFromMs)} to ${duration(Math.min(faultUntilMs, lastsMs))}`;
  const rate = traffic.recorded
    ? 'recorded calls'
    : `${Math.round(traffic.callsPerSecond * 100) / 100} calls a second`;
  const some = `Charts of ${charted.size} of ${runs.length} seeds, the worst first; `;
  return markup`<section id="${anchorOf(result)}"><h2>${scenario.name} <span>${prose(scenario.title)}</span></h2>
<p class="quiet">${rate}, ${duration(lastsMs)}; ${faultTime}.${scenario.note === undefined ? '' : ` `}${scenario.note && prose(sentence(scenario.note))}</p>
${lineTable(result)}
${charted.size < runs.length && markup`<p class="small">${some}<code>--first n --seeds 1</code> shows another.</p>`}
${[...charted].map(
  ([run, content], index) =>
    markup`<details${index === 0 ? raw(' open') : ''}><summary>${runTitle(run, runs)}</summary>${content}</details>`,
)}</section>
`;
}

/** Text in which `code` stands between marks. */
function prose(text: string): Markup {
  return markup`${text.split('`').map((part, index) => (index % 2 === 1 ? markup`<code>${part}</code>` : part))}`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function runTitle(run: RunResult, runs: readonly RunResult[]): Markup {
  const missed = run.lines.filter(({ passed }) => !passed).map(({ metric }) => metric);
  const worst = runs.length > 1 && run === worstRun(runs) && missed.length > 0 ? ', the worst' : '';
  return markup`Seed ${run.seed}${worst} · ${missed.length === 0 ? 'every line met' : markup`<span class="missed">missed ${missed.join(', ')}</span>`} <span class="small">trace <code>${run.trace}</code></span>`;
}

function lineTable(result: ScenarioResult): Markup {
  const runs = runsOf(result);
  const head = ['pass line', '#demanded', '#median', '#worst', 'by seed'];
  return tableOf({ head, rows: linesOf(result).map((line) => lineRow(line, runs)) });
}

function lineRow(line: readonly LineResult[], runs: readonly RunResult[]): Markup {
  const first = line[0] as LineResult;
  const { metric, note } = first;
  const met = line.filter(({ passed }) => passed).length;
  const meaning = `${metricMeanings[metric]}${note === undefined ? '' : ` (${note})`}.`;
  const verdict = met === line.length ? 'met' : `${met} of ${line.length}`;
  const seeds = line.map(({ passed, value }, index) => {
    const title = `seed ${runs[index]?.seed}: ${shown(metric, value)}`;
    return markup`<span class="${passed ? 'met' : 'missed'}" title="${title}">${passed ? '●' : '○'}</span>`;
  });
  return markup`<tr><th scope="row">${metric}<div class="quiet">${meaning}</div>${[
    demandOf(first),
    shown(metric, medianOf(line.map(({ value }) => value))),
    shown(metric, worstOf(line)),
  ].map((figure) => markup`<td class="number">${figure}`)}<td class="nowrap"><span class="${
    met === line.length ? 'met' : 'missed'
  }">${verdict}</span> <span class="seeds">${seeds}</span>
`;
}

/** Round by round: of each scenario the worst seed, then the next ones, as long as there is room. */
function chartsWithin(results: readonly ScenarioResult[]): Map<ScenarioResult, Map<RunResult, Markup>> {
  const charted = new Map(results.map((result) => [result, new Map<RunResult, Markup>()]));
  const orders = results.map((result) => [result, worstFirst(runsOf(result))] as const);
  let left = mostCharacters - style.length - script.length - results.length * 4_000;
  const rounds = Math.max(0, ...orders.map(([, runs]) => runs.length));
  for (let round = 0; round < rounds; round += 1)
    for (const [result, runs] of orders) {
      const run = runs[round];
      const content = run && runContent(run);
      if (!content) continue;
      left -= content.text.length;
      if (round > 0 && left < 0) return charted;
      charted.get(result)?.set(run, content);
    }
  return charted;
}

function worstFirst(runs: readonly RunResult[]): readonly RunResult[] {
  const worst = worstRun(runs);
  return worst ? [worst, ...runs.filter((run) => run !== worst)] : [];
}

function runContent({ series, seed }: RunResult): Markup | undefined {
  if (!series) return undefined;
  const hint = 'Point at a chart, or use the arrow keys in it, to read the figures of a moment.';
  return markup`<div class="run" data-steps="${series.lastsMs / series.stepMs}">
<div class="charts" tabindex="0" role="group" aria-label="Charts of seed ${seed}; arrow keys read the figures">
${chartsOf(series)}</div>
<output class="readout" data-hint="${hint}"></output>
<details><summary>The same in figures, every ${duration(series.stepMs)}</summary>
<div class="scroll">${runTable(series)}</div></details></div>`;
}
