/**
 * What moves in a report: a line through all charts of a run, and what they say there, read from the run's table. Without it
 * nothing is missing but that. It changes no style, so that a strict policy lets it be.
 */
export const script = String.raw`'use strict';
for (const run of document.querySelectorAll('.run')) {
  const charts = [...run.querySelectorAll('.chart')];
  const rows = run.querySelectorAll('.figures tbody tr');
  const readout = run.querySelector('.readout');
  const wordsOf = (cell) => ({
    name: cell.firstChild.textContent.trim(),
    unit: cell.querySelector('small')?.textContent,
    throughout: cell.querySelector('i')?.textContent,
    span: cell.colSpan,
  });
  const [groupRow, columnRow] = run.querySelectorAll('.figures thead tr');
  const groups = [...groupRow.cells].slice(1).map(wordsOf);
  const columns = [...columnRow.cells].map(wordsOf);
  const { steps } = run.dataset;
  let at = -1;

  // The name of a chart would be a tooltip over all of it, and hide what is below.
  for (const chart of charts) {
    const title = chart.querySelector(':scope > title');
    chart.setAttribute('aria-label', title.textContent);
    title.remove();
  }

  function entry(tag, text, parent) {
    const element = document.createElement(tag);
    element.textContent = text;
    parent.append(element);
    return element;
  }

  function show(step) {
    at = Math.max(0, Math.min(rows.length - 1, step));
    const x = ((at + 0.5) / steps) * 100 + '%';
    for (const chart of charts) {
      const line = chart.querySelector('.cursor');
      line.setAttribute('x1', x);
      line.setAttribute('x2', x);
    }
    run.classList.add('reading');
    const cells = [...rows[at].cells].map((cell) => cell.textContent);
    readout.replaceChildren();
    const isFault = rows[at].parentElement.classList.contains('in-fault');
    entry('strong', cells[0] + (isFault ? ', in the fault' : ''), readout);
    let column = 0;
    for (const group of groups) {
      const block = entry('span', '', readout);
      entry('b', group.name, block);
      const words = [];
      for (let index = 0; index < group.span; index += 1, column += 1) {
        const { name, unit = group.unit ?? '' } = columns[column];
        if (cells[column + 1] !== '') words.push((name + ' ' + cells[column + 1] + ' ' + unit).trim());
      }
      if (group.throughout) words.push(group.throughout);
      block.append(' ' + (words.join(' · ') || 'none'));
    }
  }

  function hide() {
    at = -1;
    run.classList.remove('reading');
    readout.textContent = readout.dataset.hint;
  }

  const area = run.querySelector('.charts');
  area.addEventListener('pointermove', (event) => {
    const chart = event.target.closest('.chart');
    if (chart === null) return;
    const { left, width } = chart.getBoundingClientRect();
    show(Math.floor(((event.clientX - left) / width) * steps));
  });
  area.addEventListener('pointerleave', (event) => {
    if (event.pointerType === 'mouse' && document.activeElement !== area) hide();
  });
  area.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -6, PageDown: 6, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === 'Escape') hide();
    if (move === undefined) return;
    event.preventDefault();
    show(Number.isFinite(move) ? at + move : move < 0 ? 0 : rows.length - 1);
  });
  hide();
}
`;
