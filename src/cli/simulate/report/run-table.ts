import { markup, raw, type Markup } from './markup.ts';
import { isIdle, type Series } from './series.ts';
import { clock } from './shapes.ts';

type Column = readonly [name: string, cells: readonly string[], unit?: string];

interface Group {
  readonly name: string;
  readonly unit?: string;
  readonly columns: readonly Column[];
}

/**
 * What the charts show, in figures; the readout takes its words from here as well. A column that says the same all along is
 * told once, in the head of its group: it would fill a fifth of the cells.
 */
export function runTable(series: Series): Markup {
  const groups = groupsOf(series).map(toldOnce);
  const columns = groups.flatMap((group) => group.columns);
  const isInFault = (step: number) => {
    const at = step * series.stepMs;
    return at >= series.faultFromMs && at < series.faultUntilMs;
  };
  const rows = Array.from({ length: series.steps }, (_, step) => {
    const turns = step === 0 || isInFault(step) !== isInFault(step - 1);
    const body = turns && (isInFault(step) ? raw('<tbody class="in-fault">') : raw('<tbody>'));
    // A row ends where the next one begins, and a cell too: a third less to carry.
    return markup`${body}<tr><th scope="row">${clock(step * series.stepMs)}${columns.map(([, values]) => markup`<td>${values[step] ?? ''}`)}`;
  });
  return markup`<table class="figures"><thead>
<tr><th rowspan="2" scope="col">from${groups.map(
    ({ name, unit, columns: own, throughout }) =>
      markup`<th colspan="${own.length}" scope="colgroup">${name}${small(unit)}${throughout !== '' && markup` <i>${throughout}</i>`}`,
  )}
<tr>${columns.map(([name, , unit]) => markup`<th scope="col">${name}${small(unit)}`)}
${rows}</table>`;
}

/** The first column always stands. */
function toldOnce({ columns, ...group }: Group): Group & { readonly throughout: string } {
  const isSteady = ([, cells]: Column, index: number) => index > 0 && new Set(cells).size === 1;
  const steady = columns.filter(isSteady).filter(([, [cell]]) => cell !== '');
  return {
    ...group,
    columns: columns.filter((column, index) => !isSteady(column, index)),
    throughout: steady
      .map(([name, [cell], unit = group.unit]) => [name, cell, unit].filter(Boolean).join(' '))
      .join(' · '),
  };
}

function groupsOf({ callers, firstText, total, machines }: Series): Group[] {
  const busy = machines.filter((machine) => !isIdle(machine));
  return [
    {
      name: 'calls',
      columns: [
        ['answered', callers.good.map(String)],
        ['slow', callers.slow.map(String)],
        ['failed', callers.failed.map(String)],
      ],
    },
    latency('first text', firstText),
    latency('answer', total),
    ...busy.map(({ id, share, attempts, failed, givenUp, allowed }) => ({
      name: id,
      columns: [
        ['first asked', share.map(percent), '%'],
        ['requests', attempts.map(String)],
        ['failed', failed.map(String)],
        ['given up', givenUp.map(String)],
        ['allowed', allowed.map(percent), '%'],
      ] as const,
    })),
  ];
}

function latency(name: string, { p50, p95, p99 }: Series['total']): Group {
  return {
    name,
    unit: 's',
    columns: [
      ['p50', p50.map(seconds)],
      ['p95', p95.map(seconds)],
      ['p99', p99.map(seconds)],
    ],
  };
}

function small(unit: string | undefined): Markup | undefined {
  return unit === undefined ? undefined : markup` <small>${unit}</small>`;
}

function percent(share: number): string {
  return Number.isNaN(share) ? '' : String(Math.round(share * 100));
}

function seconds(ms: number): string {
  return Number.isNaN(ms) ? '' : (ms / 1_000).toFixed(2);
}
