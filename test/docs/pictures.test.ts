import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drawStreamsThatSurvive } from '../bench/pictures/streams-that-survive.ts';
import { allPages, root, textOf } from './pages.ts';

const folder = join('docs', 'guides', 'pictures');

it('the picture of streams that survive shows what the router does (npm run source -- test/bench/pictures.ts)', async () => {
  expect(await drawStreamsThatSurvive()).toBe(textOf(join(folder, 'streams-that-survive.svg')));
});

it('every picture stands on a page', () => {
  const pages = allPages().map(textOf).join('');
  const pictures = readdirSync(join(root, folder));
  expect(pictures.filter((name) => !pages.includes(`](pictures/${name})`))).toEqual([]);
});
