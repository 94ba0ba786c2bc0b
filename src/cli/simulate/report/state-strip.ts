import { markup, raw, type Markup } from './markup.ts';
import type { MachineSeries, Series, TargetState } from './series.ts';
import { clock, height, xOf } from './shapes.ts';

/** What they mean to a call. */
export const stateNames: Readonly<Record<TargetState, string>> = {
  closed: 'closed',
  open: 'breaker open',
  'half-open': 'half-open',
  'slow-start': 'slow start',
  held: 'held back',
  reduced: 'share reduced',
};

/** Told apart by how high they stand, of 100, as well as by colour. */
export const heightOf: Readonly<Record<TargetState, number>> = {
  closed: 0,
  open: 100,
  'half-open': 70,
  'slow-start': 45,
  held: 100,
  reduced: 45,
};

export function statesIn({ states }: MachineSeries): TargetState[] {
  const all = Object.keys(heightOf) as TargetState[];
  return all.filter((wanted) => heightOf[wanted] > 0 && states.some(({ state }) => state === wanted));
}

const mostTimesTold = 12;

/** When the router saw a target in which state. */
export function stateStrip(machine: MachineSeries, { stepMs }: Series): Markup {
  const x = (ms: number) => xOf(ms, stepMs);
  return markup`${statesIn(machine).map((wanted) => {
    const spans = machine.states.filter(({ state }) => state === wanted);
    const tall = (heightOf[wanted] * height) / 100;
    const shape = spans.map(
      ({ fromMs, untilMs }) => `M${x(fromMs)} ${height}v-${tall}H${x(untilMs)}v${tall}z`,
    );
    const told = spans
      .slice(0, mostTimesTold)
      .map(
        ({ fromMs, untilMs, reason }) => `${clock(fromMs)} to ${clock(untilMs)}${reason && ` (${reason})`}`,
      );
    const more = spans.length > mostTimesTold ? ', …' : '';
    const title = `${stateNames[wanted]}: ${told.join(', ')}${more}`;
    return markup`<path class="s-${wanted}" d="${raw(shape.join(''))}"><title>${title}</title></path>`;
  })}`;
}
