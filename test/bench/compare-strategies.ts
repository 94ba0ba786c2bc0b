import { parseArgs } from 'node:util';
import { drawStrategies } from './strategy-charts.ts';
import { measureStrategies, strategyTable } from './strategies.ts';

// npm run source -- test/bench/compare-strategies.ts [--seeds n] [--draw]: an hour under each strategy; draws the pictures of the guide

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '3' }, draw: { type: 'boolean', default: false } },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);
const figures = await measureStrategies(seeds, (line) => process.stderr.write(`\x1b[K${line}\r`));
process.stderr.write('\x1b[K');
console.log(strategyTable(figures));
if (values.draw) drawStrategies(figures);
