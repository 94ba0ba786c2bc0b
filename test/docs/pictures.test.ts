import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pictures } from '../bench/pictures/all.ts';
import { allPages, root, textOf } from './pages.ts';

const folder = join('docs', 'guides', 'pictures');

it.each(Object.entries(pictures))(
  '%s shows what the router does (else: npm run source -- test/bench/pictures.ts)',
  async (name, draw) => {
    expect(await draw()).toBe(textOf(join(folder, name)));
  },
  60_000,
);

it('every picture stands on a page', () => {
  const pages = allPages().map(textOf).join('');
  const drawn = readdirSync(join(root, folder));
  expect(drawn.filter((name) => !pages.includes(`](pictures/${name})`))).toEqual([]);
});
