import { cusum, type EvidenceRule } from '../../src/health/evidence.ts';
import { keyedRandom } from '../../src/testing/simulator/sampling.ts';
import { medianOf } from '../../src/cli/simulate/figures.ts';
import { table } from '../../src/cli/simulate/tables.ts';

// npm run source -- test/bench/trip-rules.ts
// When each rule would take a target out of use, from results alone: calls by chance at a rate, failures by chance at a
// share, five minutes of health before.

const healthyMs = 300_000;
const patienceMs = 600_000;
const hourMs = 3_600_000;
const seeds = 200;
const cleanHours = 40;

/** Fails on so many in a row, whatever the rate and however long it takes. */
function inARow(limit: number): EvidenceRule {
  return () => {
    let failures = 0;
    return {
      record: (ok) => void (failures = ok ? 0 : failures + 1),
      tripped: () => failures >= limit,
      reset: () => void (failures = 0),
    };
  };
}

/** Half of the last 20 within a minute, of at least 5. */
function windowed(): EvidenceRule {
  return () => {
    let results: { readonly ok: boolean; readonly at: number }[] = [];
    return {
      record: (ok, at) => void (results = [...results.slice(-19), { ok, at }]),
      tripped(now) {
        const recent = results.filter(({ at }) => now - at <= 60_000);
        return recent.length >= 5 && recent.filter(({ ok }) => !ok).length >= recent.length / 2;
      },
      reset: () => void (results = []),
    };
  };
}

/** Either is enough. */
function either(one: EvidenceRule, other: EvidenceRule): EvidenceRule {
  return () => {
    const rules = [one(), other()];
    return {
      record: (ok, now, weight) => rules.forEach((rule) => rule.record(ok, now, weight)),
      tripped: (now) => rules.some((rule) => rule.tripped(now)),
      reset: () => rules.forEach((rule) => rule.reset()),
    };
  };
}

/** The thresholds of the first rule, beside which the others were measured. */
const thresholds = [7, 9, 11] as const;

const rules: Readonly<Record<string, EvidenceRule>> = {
  'CUSUM (7, 9, 11)': cusum({ thresholds }),
  '5 in a row': inARow(5),
  'half of last 20 in 60 s': windowed(),
  'CUSUM or 5 in a row': either(cusum({ thresholds }), inARow(5)),
  'CUSUM or 4 in a row': either(cusum({ thresholds }), inARow(4)),
  'CUSUM, fading in 20 min': cusum({ thresholds, fadeMs: 1_200_000 }),
  'CUSUM higher (8, 10, 12) or 5 in a row': either(cusum({ thresholds: [8, 10, 12] }), inARow(5)),
  // In force.
  'CUSUM higher (8, 11, 14) or 5 in a row': either(cusum({ thresholds: [8, 11, 14] }), inARow(5)),
  'CUSUM from 10 % or 5 in a row': either(
    cusum({ thresholds, normalShare: 0.1, faultyShare: 0.4 }),
    inARow(5),
  ),
};

const rates = [1 / 60, 1, 10, 100];
const shares = [1, 0.6, 0.3, 0.1];

/** Milliseconds from the fault to the trip; Infinity within the patience, NaN where it had tripped before. */
function timeToTrip(rule: EvidenceRule, rate: number, share: number, seed: number, evenly = false): number {
  const evidence = rule();
  const random = keyedRandom(seed, Math.round(rate * 1_000), Math.round(share * 100));
  const warmMs = Math.max(healthyMs, 10_000 / rate);
  for (let at = 0; ;) {
    at += ((evenly ? 1 : -Math.log(1 - random())) * 1_000) / rate;
    if (at > warmMs + Math.max(patienceMs, 40_000 / rate)) return Infinity;
    const isFaulty = at >= warmMs;
    evidence.record(random() >= (isFaulty ? share : 0.004), at, 1);
    if (!evidence.tripped(at)) continue;
    if (isFaulty) return at - warmMs;
    evidence.reset();
  }
}

function falseTripsPerHour(rule: EvidenceRule, rate: number, share: number): number {
  const evidence = rule();
  const random = keyedRandom(7, Math.round(rate * 1_000), Math.round(share * 1_000));
  const hours = rate < 1 ? cleanHours * 20 : rate > 10 ? 4 : cleanHours;
  let trips = 0;
  for (let at = 0; at < hours * hourMs;) {
    at += (-Math.log(1 - random()) * 1_000) / rate;
    evidence.record(random() >= share, at, 1);
    if (!evidence.tripped(at)) continue;
    trips += 1;
    evidence.reset();
  }
  return trips / hours;
}

function told(times: readonly number[]): string {
  const tripped = times.filter((time) => time < Infinity);
  const median = medianOf(times);
  const worst = times.reduce((one, other) => Math.max(one, other), 0);
  const seconds = (ms: number) => (ms === Infinity ? 'never' : `${(ms / 1_000).toFixed(1)}`);
  const part =
    tripped.length === times.length ? '' : ` (${Math.round((tripped.length / times.length) * 100)} %)`;
  return `${seconds(median)} / ${seconds(worst)}${part}`;
}

const rateName = (rate: number) => (rate < 1 ? `${rate * 60}/min` : `${rate}/s`);

const head = [
  'rule',
  'every minute, 100 %',
  ...rates.flatMap((rate) => shares.map((share) => `${rateName(rate)} ${share * 100} %`)),
];
const rows = Object.entries(rules).map(([name, rule]) => [
  name,
  told([timeToTrip(rule, 1 / 60, 1, 1, true)]),
  ...rates.flatMap((rate) =>
    shares.map((share) =>
      told(Array.from({ length: rate > 10 ? 50 : seeds }, (_, seed) => timeToTrip(rule, rate, share, seed))),
    ),
  ),
]);
console.log('Seconds to trip, median / worst of the seeds (share of seeds that tripped)\n');
console.log(table(head, rows));

const bases = [0.02, 0.05];
console.log('\nFalse trips per hour\n');
console.log(
  table(
    ['rule', ...rates.flatMap((rate) => bases.map((share) => `${rateName(rate)} ${share * 100} %`))],
    Object.entries(rules).map(([name, rule]) => [
      name,
      ...rates.flatMap((rate) => bases.map((share) => falseTripsPerHour(rule, rate, share).toFixed(2))),
    ]),
  ),
);
