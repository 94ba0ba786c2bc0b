import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { continuationPrompt, createSeam } from '../../src/execution/seam.ts';

interface Joined {
  readonly text: string;
  readonly restarted: boolean;
  readonly results: readonly string[];
}

/** What the reader has in the end. */
function read(before: string, pieces: readonly string[]): Joined {
  const seam = createSeam(before);
  const joined = { text: before, restarted: false, results: [] as string[] };
  for (const result of [...pieces.map((piece) => seam.add(piece)), seam.end()]) {
    if ('restart' in result) Object.assign(joined, { text: '', restarted: true });
    const shown = 'restart' in result ? result.restart : result.text;
    joined.text += shown;
    joined.results.push(shown);
  }
  return joined;
}

/** Whole, and unit by unit: the same, or the test has found something. */
function join(before: string, continuation: string): string {
  const whole = read(before, [continuation]);
  const units = read(before, continuation.split(''));
  expect({ text: units.text, restarted: units.restarted }).toEqual({
    text: whole.text,
    restarted: whole.restarted,
  });
  return whole.restarted ? `RESTART ${whole.text}` : whole.text;
}

const prose =
  'The harbour town wakes slowly. Fishermen mend their nets while gulls quarrel over scraps, and the smell of tar drifts ' +
  'through narrow lanes.\n\nBy nine o’clock — if the fog lifts — the ferry arrives with its handful of visitors: two ' +
  'painters, a retired judge, and somebody’s quiet aunt. Nobody asks where they come from.';
const markdown =
  '# Choosing a database\n\nThere are three things to weigh:\n\n1. **Consistency**: how stale may a read be?\n2. **Cost** per ' +
  'gigabyte, `egress` included.\n3. _Operations_: who gets up at night?\n\n| Engine | Reads | Writes |\n|---|---|---|\n| ' +
  'Postgres | fast | moderate |\n| Cassandra | moderate | fast |\n\nSo, for most teams, the first row wins.';
const code =
  'Here is the function:\n\n```ts\nexport function clamp(value: number, low: number, high: number): number {\n  if (low > ' +
  'high) throw new RangeError("empty range");\n  const raised = Math.max(low, value);\n  return Math.min(high, raised);\n}\n```\n\n' +
  'It throws when the bounds are crossed, which `Math.max` alone would hide.';
const json =
  '{"name":"harbour","boats":[{"id":17,"crew":["Ada","Lin"]},{"id":23,"crew":[]}],"open":true,"depthMetres":4.5}';
const manyBytes =
  'Größe zählt: 😀👩‍👩‍👧 und naïve Köche essen 寿司と天ぷら、そして静かな港で夕日を眺める。Потом все идут домой 🏠, и город засыпает.';
const samples = [prose, markdown, code, json, manyBytes];

const keeper =
  'The lighthouse stood alone on the northern cliff, and its keeper, an old man called Tomas, climbed the ninety-six steps of ' +
  'the tower and looked out over the bay before he went down again, locked the door, and ';
const coded =
  '```ts\nexport function clamp(value: number, low: number, high: number): number {\n  if (low > high) throw new ' +
  'RangeError("empty range");\n  const raised = Math.max(low, value);\n  const lowered = Math.min(high, raised);\n  return report(lowe';
const tale =
  '很久以前的一个小渔村里，住着一位年老的守塔人。每天傍晚，他都会沿着九十六级石阶慢慢走上灯塔，点亮那盏旧油灯，为远方归来的渔船照亮回家的路。' +
  '村里的孩子们喜欢听他讲大海的故事，也喜欢看他在黄昏里擦拭那面巨大的铜镜。有一年冬天，暴风雪连续下了七天七夜，谁也没有想到会发生后来的事情。' +
  '那天夜里，海面上忽然传来了一阵奇怪的钟声，老人放下手里的书，拿起墙边的手杖，又回头看了看桌上那封没有写完的信，披上那件已经穿了很多年的旧大';
const packed =
  'Pack these for the crossing, and check each of them twice before you leave the harbour:\n\n- two coils of thick rope, ' +
  'dry\n- a lantern with enough oil for three nights\n- the small brass compass from the drawer\n- bread, salted fish, and ' +
  'a barrel of fresh water\n- a spare sail, and need';

/** All whole numbers between two, both included. */
function to(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const cuts = fc
  .tuple(fc.constantFrom(...samples), fc.nat())
  .map(([text, at]) => ({ text, cut: 1 + (at % (text.length - 1)) }))
  .map(({ text, cut }) => ({ before: text.slice(0, cut), rest: text.slice(cut) }));

/** Everything that could be said, and everything that the rules look for. */
const sayings = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12, size: 'max' }),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        'Sure, ',
        'Sure! ',
        'Here is the rest:\n\n',
        'Continuing from where I left off:\n',
        '好的，以下是剩余部分：',
      ),
      fc.constantFrom('```', '```js\n', '\n```\n', '~~~\n', '...', '…', ' ', '\n', '\n\n', '\t', '\r\n'),
      fc.constantFrom(
        'the quick brown fox ',
        'jumps over the lazy dog',
        'bro',
        'wn',
        '😀',
        '\ud83d',
        '\ude00',
        '# Title\n',
      ),
    ),
    { maxLength: 14, size: 'max' },
  )
  .map((parts) => parts.join(''));

function split(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let index = 0, turn = 0; index < text.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    pieces.push(text.slice(index, index + size));
    index += size;
  }
  return pieces;
}

/** A surrogate without its partner. */
const half = /\p{Surrogate}/u;

const pieceSizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });

describe('a continuation that repeats the last words, as it was asked to', () => {
  it('goes on in mid-word', () => {
    expect(join('The quick bro', 'The quick brown fox')).toBe('The quick brown fox');
  });

  it('may change white space and case in what it repeats', () => {
    expect(join('It was a dark and\nstormy nig', 'it was a  dark and stormy Night.')).toBe(
      'It was a dark and\nstormy night.',
    );
    expect(join('It was a dark and stormy nig', '\n\n It was a dark and stormy night.')).toBe(
      'It was a dark and stormy night.',
    );
  });

  it('may change the form of quotes and dashes', () => {
    expect(join('“It’s late” – said the ow', '"It\'s late" - said the owl.')).toBe(
      '“It’s late” – said the owl.',
    );
  });

  it('may stop there: nothing was missing', () => {
    expect(join('That is all there is to say.', 'That is all there is to say.')).toBe(
      'That is all there is to say.',
    );
    expect(join('That is all there is to say.\n', 'That is all there is to say.\n')).toBe(
      'That is all there is to say.\n',
    );
  });

  it('keeps the white space behind, but not twice', () => {
    expect(join('The first part is done.', 'The first part is done.\n\nThe second')).toBe(
      'The first part is done.\n\nThe second',
    );
    expect(join('The first part is done.\n\n', 'The first part is done.\n\nThe second')).toBe(
      'The first part is done.\n\nThe second',
    );
    expect(join('The first part is done.\n', 'The first part is done.\n\nThe second')).toBe(
      'The first part is done.\n\nThe second',
    );
    expect(join('The first part is done.\r\n', 'The first part is done.\nThe second')).toBe(
      'The first part is done.\r\nThe second',
    );
    expect(join('The first part is done.\n', 'The first part is done. The second')).toBe(
      'The first part is done.\nThe second',
    );
    expect(join('if ready and willing:\n', 'if ready and willing:\n    go()')).toBe(
      'if ready and willing:\n    go()',
    );
  });

  it('may be asked for where a text repeats itself: what comes behind is kept', () => {
    const line = 'GET /index.html 200\n';
    const before = `log:\n${line.repeat(6)}`;
    const { anchor } = continuationPrompt(before);
    expect(join(before, `${anchor}\n${line}done`)).toBe(`${before}${line}done`);
  });

  it('is found behind dots, assent, announcements in any language, and fences', () => {
    const before = 'We then came down to the harbour and saw the bo';
    const said = 'down to the harbour and saw the boats.';
    const openings = [
      '...',
      '… ',
      'Sure, ',
      'Certainly!\n\n',
      'Here goes nothing:\n',
      'Tässä on loput tekstistä:\n\n',
      '```\n',
    ];
    for (const opening of [
      ...openings,
      'Sure! Here is the rest:\n\n```markdown\n',
      'Jasné, tady je zbytek:\n\n...',
    ]) {
      expect(join(before, opening + said), opening).toBe(`${before}ats.`);
    }
  });

  it.each([20, 60, 130, 200])('may repeat the last %i characters instead', (count) => {
    const before = prose.slice(0, 250);
    expect(join(before, before.slice(-count) + prose.slice(250))).toBe(prose);
  });
});

describe('a continuation that repeats less than it was asked to', () => {
  const before = 'Yesterday the fox, being quick and bro';

  it('says the unfinished word from its start', () => {
    expect(join(before, 'brown, ran.')).toBe('Yesterday the fox, being quick and brown, ran.');
  });

  it('says the last words from their start, directly behind them', () => {
    expect(join(before, 'and brown, ran.')).toBe('Yesterday the fox, being quick and brown, ran.');
  });

  it('says the last line from its start', () => {
    expect(join('The list:\n\n- one\n- two\n- th', '- three\n- four')).toBe(
      'The list:\n\n- one\n- two\n- three\n- four',
    );
    expect(join('if (a) {\n  return a', '  return a + b;')).toBe('if (a) {\n  return a + b;');
    expect(join('if (a) {\n  return a', ' return a + b;')).toBe('if (a) {\n  return a return a + b;');
    expect(join('She said: “hello', '“hello there”')).toBe('She said: “hello there”');
  });

  it('says the last words from their start behind a space or a line break, a dozen letters of them', () => {
    expect(join(before, ' being quick and brown')).toBe('Yesterday the fox, being quick and brown');
    expect(join(before, '\nbeing quick and brown')).toBe('Yesterday the fox, being quick and brown');
  });

  it('says a dozen letters, and no fewer', () => {
    const told = 'From one place to another: over there and';
    expect(join(told, ' over there and back')).toBe(`${told} back`);
    expect(join(told.replace('over', 'ver'), ' ver there and back')).toBe(
      `${told.replace('over', 'ver')} ver there and back`,
    );
    expect(join('我们去年在海边的小镇', '\n海边的小镇吃鱼')).toBe('我们去年在海边的小镇\n海边的小镇吃鱼');
    expect(join('我们去年在海边的小镇', '\n在海边的小镇吃鱼')).toBe('我们去年在海边的小镇吃鱼');
  });

  it('is text where few letters agree behind a space: a new word may begin like the last one', () => {
    expect(join('He looked at the', ' theory again')).toBe('He looked at the theory again');
    expect(join('It grew more and', ' more and more')).toBe('It grew more and more and more');
    expect(join('It was very ', 'very good')).toBe('It was very very good');
  });

  it('says the end of the unfinished word, four letters of it', () => {
    expect(join('It was an extraordin', 'rdinary day')).toBe('It was an extraordinary day');
    expect(join('It was an extraordin', 'dinary day')).toBe('It was an extraordindinary day');
    expect(join('It was an extraordin', ' rdinary day')).toBe('It was an extraordin rdinary day');
    expect(join('It said ababab', 'ababx')).toBe('It said abababababx');
    expect(join('他们说恭喜发财', '恭喜发财')).toBe('他们说恭喜发财恭喜发财');
  });

  it('is text where one or two letters agree', () => {
    expect(join('She drew a l', 'lama')).toBe('She drew a llama');
    expect(join('A cup of co', 'coa')).toBe('A cup of cocoa');
    expect(join('我们应该看', '看这个')).toBe('我们应该看看这个');
  });

  it('is text where digits agree: numbers repeat them', () => {
    expect(join('The sum is 100', '100 exactly')).toBe('The sum is 100100 exactly');
  });

  it('is text where what came before repeats itself already', () => {
    expect(join('So they sang: la la la la la la la la la la la la la la', ' la la la la la la la la')).toBe(
      `So they sang:${' la'.repeat(22)}`,
    );
    const row = '| yes | no | maybe | never |\n';
    const table = `The answers, as they came in on Tuesday from all of the regions that we asked:\n\n${row.repeat(2)}`;
    expect(join(table, `${row}| no |`)).toBe(`${table}${row}| no |`);
    expect(join(`${'A heading, and under it a line: '}${'-'.repeat(20)}`, '-'.repeat(20))).toBe(
      `A heading, and under it a line: ${'-'.repeat(40)}`,
    );
  });
});

/** A text that broke off, how it goes on, and which of the repetitions of its last 1 to 200 characters are shown twice. */
const sweeps: readonly (readonly [name: string, before: string, rest: string, twice: readonly number[]])[] = [
  [
    'prose, in a word',
    `${keeper}walked home through the eve`,
    'ning mist.',
    [1, 2, ...to(4, 6), ...to(8, 13)],
  ],
  ['prose, in a long word', `${keeper}began an extraordin`, 'ary night.', [1, 2, 3, 11, 12]],
  ['prose, behind a word', `${keeper}walked to the`, ' village.', [1, 2, 4, 5, ...to(7, 12), 14]],
  ['prose, behind a sentence', `${keeper}walked to the village.`, ' Nobody saw him.', to(1, 13)],
  ['code', coded, 'red);\n}\n```', [1, 2, 3, ...to(5, 10), 12]],
  ['Chinese', tale, '衣，推门走了出去。', to(1, 5)],
  ['a list', packed, 'les to mend it', [1, 2, 3, 5, 6, 7, ...to(9, 13)]],
];

describe('a continuation that repeats the last characters, from 1 to 200', () => {
  it.each(sweeps)('is cut at the break, but for a few short ones: %s', (_, before, rest, twice) => {
    const shownTwice: number[] = [];
    for (let count = 1; count <= 200; count++) {
      const repeated = before.slice(-count);
      const text = join(before, repeated + rest);
      if (text !== before + rest) shownTwice.push(count);
      // What is not recognised is kept whole.
      expect([before + rest, before + repeated + rest]).toContain(text);
    }
    expect(shownTwice).toEqual(twice);
  });

  it('is cut wherever it breaks off, from 24 characters on', () => {
    for (const [, before, rest] of sweeps) {
      const whole = before + rest;
      for (let cut = 100; cut < whole.length; cut += 7) {
        const told = whole.slice(0, cut);
        for (let count = 24; count <= Math.min(200, cut); count += 11)
          expect(join(told, told.slice(-count) + whole.slice(cut))).toBe(whole);
      }
    }
  });
});

describe('a continuation that does nothing of the kind', () => {
  it.each(samples)('is untouched, wherever the text broke off (%#)', (text) => {
    for (let cut = 0; cut <= text.length; cut++) {
      expect(read(text.slice(0, cut), [text.slice(cut)]), `cut at ${cut}`).toMatchObject({
        text,
        restarted: false,
      });
    }
  });

  it('keeps the white space with which it begins', () => {
    expect(join('The end.', '\n\n  - one')).toBe('The end.\n\n  - one');
    expect(join('  x = 1;\n', '  y = 2;')).toBe('  x = 1;\n  y = 2;');
    expect(join('The quick bro', ' wn')).toBe('The quick bro wn');
  });

  it('may be empty, or white space', () => {
    expect(join('The end.', '')).toBe('The end.');
    expect(join('The end.', '\n')).toBe('The end.\n');
  });

  it('follows nothing where nothing was shown', () => {
    expect(join('', 'Sure, here is the rest:\n\n```js\n')).toBe('Sure, here is the rest:\n\n```js\n');
    expect(join('\n', ' x')).toBe('\n x');
  });

  it('shows its first words at once when they can be nothing else', () => {
    const seam = createSeam('The quick bro');
    expect(seam.add('wn fox')).toEqual({ text: 'wn fox' });
    expect(seam.add(' jumps')).toEqual({ text: ' jumps' });
    expect(seam.end()).toEqual({ text: '' });
  });

  it('may repeat a passage from the middle', () => {
    const refrain = 'And the sea, the sea rolls on for ever more';
    const song = `One.\n${refrain}.\nTwo goes down to the shore.\n`;
    expect(join(song, `${refrain}!`)).toBe(`${song}${refrain}!`);
  });

  it('holds back no more than 400 characters of what may be a remark', () => {
    const seam = createSeam('The answer is');
    const shown = seam.add(`Sure${' and so'.repeat(80)}`);
    expect(shown).toEqual({ text: `Sure${' and so'.repeat(80)}` });
  });
});

describe('a continuation that starts over', () => {
  it.each(samples)('and reaches the break: what was shown is dropped (%#)', (text) => {
    for (let cut = 40; cut <= text.length; cut += 7) expect(join(text.slice(0, cut), text)).toBe(text);
  });

  it('and changes white space and case on the way', () => {
    const before = prose.slice(0, 300);
    const said = before.toUpperCase().replaceAll(' ', '  ') + prose.slice(300);
    expect(join(before, said)).toBe(prose);
  });

  it('behind a remark, in a fence', () => {
    const before = json.slice(0, 70);
    expect(join(before, `Certainly! Here is the JSON:\n\n\`\`\`json\n${json}\n\`\`\``)).toBe(json);
  });

  it('and deviates before the break: the reader is told that what came before is void', () => {
    const before = prose.slice(0, 200);
    const said = `${prose.slice(0, 120)}THEN SOMETHING ELSE. And more.`;
    expect(join(before, said)).toBe(`RESTART ${said}`);
    expect(join(before, prose.slice(0, 120))).toBe(`RESTART ${prose.slice(0, 120)}`);
  });

  it('gives what comes after the restart as text', () => {
    const seam = createSeam(prose.slice(0, 200));
    expect(seam.add(prose.slice(0, 100))).toEqual({ text: '' });
    expect(seam.add('Quite')).toEqual({ restart: `${prose.slice(0, 100)}Quite` });
    expect(seam.add(' different')).toEqual({ text: ' different' });
    expect(seam.end()).toEqual({ text: '' });
  });

  it('is not believed where each line of the text begins like that', () => {
    const line = (id: number) =>
      `INSERT INTO people (id, name, address) VALUES (${id}, 'somebody', 'somewhere');\n`;
    const before = line(1) + line(2);
    expect(join(before, line(3))).toBe(before + line(3));
  });

  it('is not believed for a few letters', () => {
    expect(join('## Steps\n\nFirst do this.\n\n', '## Steps, continued')).toBe(
      '## Steps\n\nFirst do this.\n\n## Steps, continued',
    );
  });

  it('takes no longer for a long text than it must', () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `word${index * 7919}`).join(' ');
    expect(read(words, [...split(words, [20]), ' end'])).toMatchObject({
      text: `${words} end`,
      restarted: false,
    });
  });
});

describe('a continuation that opens with a remark', () => {
  it.each([
    'Sure, here is the rest:\n\n',
    'Certainly! Here is the rest:\n',
    'Certainly! Here’s the rest of the answer:\n\n',
    'Continuing from where I left off:\n\n',
    'Of course. Continuing: ',
    '**Continuing from where it was cut off:**\n\n',
    'I apologize for the interruption. Continuing from where I stopped:\n\n',
    "Sure, I'll continue from where I left off.\n\n",
    'Natürlich! Hier ist der Rest:\n',
    'Gerne, hier geht es weiter:\n\n',
    'Bien sûr ! Voici la suite :\n\n',
    '¡Claro! Aquí tienes el resto:\n\n',
    'Claro! Aqui está o restante:\n\n',
    'Certo! Ecco il seguito:\n\n',
    'Конечно! Вот продолжение:\n\n',
    '好的，以下是剩余部分：\n\n',
    'はい、続きです：\n',
    'Sure, ',
  ])('does not show it: %j', (remark) => {
    expect(join('We looked at the quick bro', `${remark}wn fox.`)).toBe('We looked at the quick brown fox.');
  });

  it('keeps the break behind a sentence, which may be meant by the white space behind the remark', () => {
    expect(join('That was the first.', 'Sure, here is the rest:\n\nThe second.')).toBe(
      'That was the first.\n\nThe second.',
    );
    expect(join('That was the first.\n\n', 'Sure, here is the rest:\n\nThe second.')).toBe(
      'That was the first.\n\nThe second.',
    );
    expect(join('That was the first. ', 'Sure, here is the rest:\n\nThe second.')).toBe(
      'That was the first. The second.',
    );
  });

  it('may have nothing to add', () => {
    expect(join('That is all there is.', 'Sure, here is the rest:')).toBe('That is all there is.');
  });

  it('is kept with all that it says of something else', () => {
    const before = 'We looked at the quick bro';
    const other = 'Let me see, she said. Here is the rest:\n\nwn fox';
    expect(join(before, other)).toBe(before + other);
    const line = 'Nobody knows\nlooked at the quick brown';
    expect(join(before, line)).toBe(before + line);
  });

  it('is kept where somebody may say so in the text', () => {
    expect(join('“Will you come?”\n', 'Sure, I will.')).toBe('“Will you come?”\nSure, I will.');
    expect(join('A: Again?\nB: ', 'Sure, we can continue.\n')).toBe('A: Again?\nB: Sure, we can continue.\n');
    expect(join('The start is above.\n\n', 'Here is the rest of it:\n\n1.')).toBe(
      'The start is above.\n\nHere is the rest of it:\n\n1.',
    );
    expect(join('He said “To be ', 'continued”:\n\nwas all.')).toBe('He said “To be continued”:\n\nwas all.');
    expect(join('They will be dis', 'continued:\nall')).toBe('They will be discontinued:\nall');
    expect(join('```js\nif (done) ', 'continue;\nrest(1)')).toBe('```js\nif (done) continue;\nrest(1)');
    expect(join('```yaml\nlist', 'Continuation:\n  - a')).toBe('```yaml\nlistContinuation:\n  - a');
  });
});

describe('a continuation that opens with a fence', () => {
  const block = 'Look:\n\n```js\nconst first = load(';

  it('which reopens the block in which the text broke off', () => {
    expect(join(block, '```js\nsource);\n```\n\nDone.')).toBe(`${block}source);\n\`\`\`\n\nDone.`);
    expect(join(`${block}1);\n`, '```javascript\n  second();\n```')).toBe(`${block}1);\n  second();\n\`\`\``);
    expect(join(`${block}1);\n  `, '```js\n  second();\n```')).toBe(`${block}1);\n  second();\n\`\`\``);
    expect(join(block, 'Here is the rest of the code:\n\n```js\nsource);\n```')).toBe(
      `${block}source);\n\`\`\``,
    );
  });

  it('which reopens it bare, and repeats', () => {
    expect(join(block, '```\nconst first = load(source);\n```')).toBe(`${block}source);\n\`\`\``);
    expect(join('~~~py\nvalue = compute(1,', '~~~\nvalue = compute(1, 2)\n~~~')).toBe(
      '~~~py\nvalue = compute(1, 2)\n~~~',
    );
  });

  it('which broke off itself', () => {
    expect(join('Look, here it comes:\n\n```py', '```python\nx = 1\n```')).toBe(
      'Look, here it comes:\n\n```python\nx = 1\n```',
    );
  });

  it('which closes the block', () => {
    expect(join(`${block}1);\n`, '```\n\nThat is all.')).toBe(`${block}1);\n\`\`\`\n\nThat is all.`);
    expect(join(`${block}1);`, '\n```\n\nThat is all.')).toBe(`${block}1);\n\`\`\`\n\nThat is all.`);
  });

  it('which wraps all of it: both its lines go', () => {
    expect(join('We looked at the quick bro', '```\nwn fox.\n```')).toBe('We looked at the quick brown fox.');
    expect(join('We looked at the quick bro', '```markdown\nwn fox.\n\n- one\n```\n')).toBe(
      'We looked at the quick brown fox.\n\n- one\n',
    );
    expect(join('We looked at the quick bro', '```text\nlooked at the quick brown fox.\n```')).toBe(
      'We looked at the quick brown fox.',
    );
  });

  it('which wraps blocks of its own: these stay', () => {
    const inner = 'wn fox:\n\n```js\nrun();\n```\n\nDone.';
    expect(join('We looked at the quick bro', `\`\`\`markdown\n${inner}\n\`\`\``)).toBe(
      `We looked at the quick bro${inner}`,
    );
    expect(join('We looked at the quick bro', `\`\`\`\`md\n${inner}\n\`\`\`\``)).toBe(
      `We looked at the quick bro${inner}`,
    );
  });

  it('which never closes, though a line looks like it', () => {
    expect(join('We looked at the quick bro', '```\nwn `fox`\n``')).toBe(
      'We looked at the quick brown `fox`\n``',
    );
  });

  it('which is part of the text', () => {
    expect(join('Here is the code:\n\n', '```js\nrun();\n```\n')).toBe(
      'Here is the code:\n\n```js\nrun();\n```\n',
    );
    expect(join('Here is the code:', '```\nrun();\n```\n')).toBe('Here is the code:```\nrun();\n```\n');
    expect(join('So we run', '\n\n```\nrun();\n```\n')).toBe('So we run\n\n```\nrun();\n```\n');
    expect(join('## Example', '```js\nrun();\n```\n')).toBe('## Example```js\nrun();\n```\n');
    expect(join('So we run', '```js\nrun();\n```\n')).toBe('So we run```js\nrun();\n```\n');
    expect(join('```markdown\n# Title\n\n', '```js\nrun();\n```\n')).toBe(
      '```markdown\n# Title\n\n```js\nrun();\n```\n',
    );
  });
});

describe('whatever comes, in whatever pieces', () => {
  const runs = { numRuns: 1_000 };

  it('gives the same text for any split', () => {
    fc.assert(
      fc.property(sayings, sayings, fc.boolean(), pieceSizes, (before, said, repeats, sizes) => {
        const continuation = repeats ? before.slice(-40) + said : said;
        const { text, restarted } = read(before, [continuation]);
        expect(read(before, split(continuation, sizes))).toMatchObject({ text, restarted });
      }),
      runs,
    );
  });

  it('shows the end of what came, and loses nothing from within', () => {
    const plain = sayings.map((text) => text.replaceAll(/[`~]/g, ''));
    fc.assert(
      fc.property(plain, plain, pieceSizes, (before, said, sizes) => {
        const { results, restarted } = read(before, split(said, sizes));
        const shown = results.join('');
        if (restarted) expect(shown).toBe(said);
        else expect(said.endsWith(shown)).toBe(true);
      }),
      runs,
    );
  });

  it('never shows half of a pair that is whole', () => {
    const whole = fc.string({ unit: fc.constantFrom('😀', '👩‍👩‍👧', 'a', ' ', '🏠') });
    fc.assert(
      fc.property(whole, whole, pieceSizes, (before, said, sizes) => {
        for (const shown of read(before, split(said, sizes)).results) expect(shown).not.toMatch(half);
      }),
      runs,
    );
  });

  it('goes on behind the last words, of any text, cut anywhere', () => {
    const any = fc.tuple(sayings, sayings).map(([before, rest]) => ({ before, rest }));
    fc.assert(
      fc.property(fc.oneof(cuts, any), pieceSizes, ({ before, rest }, sizes) => {
        const { anchor } = continuationPrompt(before);
        const space = /\s*$/.exec(before)?.[0] ?? '';
        fc.pre(!/[\uD800-\uDBFF]$/.test(before) && anchor !== '');
        expect(read(before, split(anchor + space + rest, sizes))).toMatchObject({
          text: before + rest,
          restarted: false,
        });
      }),
      runs,
    );
  });

  it('goes on behind a repetition of any length that says enough', () => {
    fc.assert(
      fc.property(cuts, fc.integer({ min: 24, max: 200 }), pieceSizes, ({ before, rest }, count, sizes) => {
        // Rows of dashes repeat themselves.
        fc.pre(before.length >= 24 && !/[-|]{9,}\n?$/.test(before));
        const pieces = split(before.slice(-count) + rest, sizes);
        expect(read(before, pieces)).toMatchObject({ text: before + rest, restarted: false });
      }),
      runs,
    );
  });

  it('goes on behind the last words, whatever stands before them and however they are changed', () => {
    const remarks = [
      '',
      '\n',
      '...',
      'Sure, ',
      'Certainly! Here is the rest:\n\n',
      'Voici la suite :\n\n... ',
      '继续：\n',
    ];
    const changes = [
      (text: string) => text,
      (text: string) => text.toUpperCase(),
      (text: string) => text.replaceAll(' ', '\n  '),
      (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('’', "'"),
    ];
    const habits = fc.record({ remark: fc.constantFrom(...remarks), change: fc.constantFrom(...changes) });
    fc.assert(
      fc.property(cuts, habits, pieceSizes, ({ before, rest }, { remark, change }, sizes) => {
        fc.pre(!half.test(before) && before.length >= 24);
        const said = remark + change(continuationPrompt(before).anchor);
        // Letters that become two in capitals are other letters.
        fc.pre(!said.includes('GRÖSSE'));
        const space = /\s*$/.exec(before)?.[0] ?? '';
        expect(read(before, split(said + space + rest, sizes))).toMatchObject({
          text: before + rest,
          restarted: false,
        });
      }),
      runs,
    );
  });

  it('completes a pair that the break has cut', () => {
    const before = 'The mood of the day was 😀'.slice(0, -1);
    expect(join(before, '\ude00 again')).toBe('The mood of the day was 😀 again');
    expect(join(before, '😀 again')).toBe('The mood of the day was 😀 again');
    expect(join(before, 'The mood of the day was 😀 again')).toBe('The mood of the day was 😀 again');
  });
});

describe('what a model is asked', () => {
  it('is to begin with the last words, up to 60 characters from a word boundary', () => {
    const { anchor, instruction } = continuationPrompt(prose);
    expect(anchor).toBe('and somebody’s quiet aunt. Nobody asks where they come from.');
    expect(instruction).toContain(anchor);
  });

  it('is a whole text where it is short, and no half of a character', () => {
    expect(continuationPrompt(' The quick bro').anchor).toBe('The quick bro');
    expect(continuationPrompt('静かな港'.repeat(30)).anchor).toBe('静かな港'.repeat(15));
    expect(continuationPrompt(`a${'😀'.repeat(60)}`).anchor).toBe('😀'.repeat(30));
    expect(continuationPrompt(`a${'😀'.repeat(31)}b`).anchor).toBe(`${'😀'.repeat(29)}b`);
    expect(continuationPrompt('ends in 😀'.slice(0, -1)).anchor).toBe('ends in');
  });

  it('begins behind the line that opens a block', () => {
    const { anchor, instruction } = continuationPrompt(
      'Here it comes, at last:\n\n```js\nconst total = items.reduce((sum, it',
    );
    expect(anchor).toBe('const total = items.reduce((sum, it');
    expect(instruction).toContain('do not open it again');
    expect(continuationPrompt('```js\nrun(').instruction).not.toContain('do not open it again');
  });

  it('says when a block of code is open, and asks for no words where there are none', () => {
    expect(continuationPrompt(`\`\`\`js\n${'run();\n'.repeat(20)}`).instruction).toContain('code block');
    expect(continuationPrompt('```js\nrun()\n```\n').instruction).not.toContain('code block');
    expect(continuationPrompt('').anchor).toBe('');
    expect(continuationPrompt('').instruction).not.toContain('last words');
  });
});
