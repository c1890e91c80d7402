'use strict';
// What the HTML report does: sorting and filtering of its tables, its groups, light and dark. Texts of the data
// enter the page as text alone (textContent), never as markup. Nothing is fetched or kept.

const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// ---- light and dark ----

const scheme = document.getElementById('scheme');
const isDark = () => (document.documentElement.dataset.scheme ||
  (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
const nameScheme = () => { scheme.textContent = isDark() ? 'Light scheme' : 'Dark scheme'; };
scheme.hidden = false;
scheme.addEventListener('click', () => {
  document.documentElement.dataset.scheme = isDark() ? 'light' : 'dark';
  nameScheme();
});
nameScheme();

// ---- tables that sort and filter ----

// A cell's number or text; what has none comes last, whichever way is sorted.
const keyOf = cell => {
  if (!cell) return null;
  if ('value' in cell.dataset) return cell.dataset.value === '' ? null : Number(cell.dataset.value);
  return cell.textContent.trim() || null;
};
const compareKeys = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b
  : String(a).localeCompare(String(b), 'en', { numeric: true });

function sortBy(table, column, heading) {
  const descending = heading.getAttribute('aria-sort') === 'ascending';
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  const body = table.tBodies[0];
  // A row that was opened goes with the one that opened it.
  const rows = [...body.rows].filter(row => !row.classList.contains('opened'));
  const entries = rows.map(row => ({ row, opened: row.openedRow, key: keyOf(row.cells[column]) }));
  entries.sort((a, b) => a.key === null || b.key === null ? (a.key === null) - (b.key === null)
    : (descending ? -1 : 1) * compareKeys(a.key, b.key));
  for (const { row, opened } of entries) body.append(row, ...(opened ? [opened] : []));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = make('button', { type: 'button' }, ...heading.childNodes);
    heading.replaceChildren(button);
    button.addEventListener('click', () => sortBy(table, column, heading));
  });
}

function makeFilterable(table, place) {
  const input = make('input', { type: 'search' });
  const count = make('span', { role: 'status', class: 'faint' });
  place.before(make('div', { class: 'controls' }, make('label', {}, 'Filter rows', input), count));
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0, all = 0;
    for (const row of table.tBodies[0].rows) {
      if (row.classList.contains('opened')) continue;
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      if (row.openedRow) row.openedRow.hidden = row.hidden;
      shown += !row.hidden;
      all++;
    }
    count.textContent = words.length ? `${shown} of ${all} rows` : '';
  });
  return () => input.dispatchEvent(new Event('input'));
}

for (const table of document.querySelectorAll('table.sortable')) makeSortable(table);
for (const table of document.querySelectorAll('table.filterable')) makeFilterable(table, table.closest('.wide'));

// ---- from a number to the cells behind it ----

function startTraces(cells) {
  const rows = [...cells.tBodies[0].rows];
  const note = make('p', { role: 'status', class: 'note screen', tabindex: '-1', hidden: '' });
  cells.closest('.wide').before(note);
  const show = (chosen, text) => {
    for (const row of rows) row.classList.toggle('chosen', chosen.has(row.dataset.cell));
    for (const row of rows) row.hidden = chosen.size > 0 && !chosen.has(row.dataset.cell);
    note.hidden = chosen.size === 0;
    const back = make('button', { type: 'button' }, 'Show all cells');
    back.addEventListener('click', () => show(new Set(), ''));
    note.replaceChildren(`${chosen.size} cell${chosen.size === 1 ? ' is' : 's are'} behind ${text}. `, back);
  };
  for (const number of document.querySelectorAll('td[data-cells]')) {
    const row = number.parentElement, column = number.closest('table').tHead.rows[0].cells[number.cellIndex];
    const text = `${number.textContent} (${row.cells[0].textContent}, ${column.textContent})`;
    const button = make('button', { type: 'button', class: 'plain', title: 'Show the cells behind this number' },
      ...number.childNodes);
    number.replaceChildren(button);
    button.addEventListener('click', () => {
      show(new Set(number.dataset.cells.split(' ')), text);
      note.scrollIntoView();
      note.focus();
    });
  }
}
startTraces(document.querySelector('#cells table'));

// ---- groups ----

const decoded = part => part.replace(/%(25|2C|3D)/gi, (all, hex) => String.fromCharCode(parseInt(hex, 16)));
// "age_group=20-29,gender=female": its names.
const groupNames = grouping => grouping.split(',').map(part => decoded(part.slice(part.indexOf('=') + 1)));

// counts: [truth * classes + predicted, n, ...] of those above 0.
function matrixOf(classes, counts) {
  const rows = classes.map(() => classes.map(() => 0));
  for (let i = 0; i < counts.length; i += 2)
    rows[Math.floor(counts[i] / classes.length)][counts[i] % classes.length] += counts[i + 1];
  const table = make('table', { class: 'matrix' });
  const heading = text => make('th', { scope: 'col' }, make('bdi', {}, text));
  table.append(make('caption', {}, 'Counts: true classes down, predicted across; all runs together'));
  table.append(make('thead', {}, make('tr', {}, heading('True'), ...classes.map(heading), heading('All'), heading('Right'))));
  const body = make('tbody');
  classes.forEach((name, truth) => {
    const sum = rows[truth].reduce((a, b) => a + b, 0);
    body.append(make('tr', {}, make('th', { scope: 'row' }, make('bdi', {}, name)),
      ...rows[truth].map((n, predicted) => make('td', predicted === truth ? { class: 'right' } : {}, n ? String(n) : '')),
      make('td', {}, String(sum)), make('td', {}, sum ? `${(100 * rows[truth][truth] / sum).toFixed(1)} %` : '')));
  });
  table.append(body);
  return table;
}

function startGroups(data) {
  const place = document.getElementById('groups-here');
  const controls = make('div', { class: 'controls' });
  const choose = (label, names, first) => {
    const select = make('select', {}, ...names.map((name, i) => make('option', { value: i }, name)));
    select.value = first;
    select.addEventListener('change', show);
    controls.append(make('label', {}, label, select));
    return select;
  };
  place.before(controls);
  const system = choose('Approach', data.systems.map(s => s.title), data.first);
  const measure = choose('Measure', data.measures.map(m => `${m.task}: ${m.metric}`), 0);
  const crossing = choose('Groups', data.crossings.map(by => by.replaceAll('_', ' ').replaceAll(',', ' \u00d7 ')),
    data.crossings.length - 1);

  const number = (share, x) => x === null ? '\u2013' : share ? (100 * x).toFixed(1) : x.toFixed(2);
  const chance = x => x === null ? '\u2013' : x < 0.001 ? '< 0.001' : x.toFixed(3);
  const cellOf = (text, value) => make('td', { class: 'number', 'data-value': value === null ? '' : value }, text);

  // Everyone and then the groups of a result, whose numbers stand in lists.
  const cellsOf = result => {
    const groups = data.groups[result.of];
    return ['all', ...groups.names].map((group, i) => ({ group, n: groups.n[i], clusters: groups.clusters[i],
      value: result.value[i], low: result.low[i], high: result.high[i], rank: result.rank[i] || null,
      q: result.q ? result.q[i] : null }));
  };

  // `names`: of the group; `places`: where each stands in the set's order.
  function rowOf(share, c, names, places, matrix) {
    const open = make('button', { type: 'button', 'aria-expanded': 'false' }, 'Matrix');
    open.setAttribute('aria-label', `Confusion matrix of ${names.join(', ')}`);
    open.disabled = !c.n;
    const small = !c.rank && c.group !== 'all' && c.clusters < data.small;
    const row = make('tr', small ? { class: 'small' } : {}, make('td', { class: 'screen' }, open),
      ...names.map((name, i) => make('td', { 'data-value': places[i] }, make('bdi', {}, name))),
      cellOf(String(c.n), c.n), cellOf(String(c.clusters), c.clusters), cellOf(number(share, c.value), c.value),
      cellOf(c.low === null ? '\u2013' : `${number(share, c.low)} to ${number(share, c.high)}`, c.low),
      cellOf(c.rank ? String(c.rank) : small ? 'small' : '\u2013', c.rank), cellOf(chance(c.q), c.q));
    open.addEventListener('click', () => {
      const opened = open.getAttribute('aria-expanded') !== 'true';
      open.setAttribute('aria-expanded', String(opened));
      row.classList.toggle('chosen', opened);
      if (opened) {
        row.openedRow = make('tr', { class: 'opened' }, make('td', { colspan: row.cells.length }, matrix()));
        row.after(row.openedRow);
      } else {
        row.openedRow.remove();
        row.openedRow = null;
      }
    });
    return row;
  }

  function tableOf(s, m, k) {
    const by = data.crossings[k].split(','), measured = s.measures[m], result = measured.crossings[k];
    const { task, metric, unit } = data.measures[m];
    const matrices = s.matrices[task][k] || [], classes = s.classes[task];
    const table = make('table', { class: 'groups' });
    table.append(make('caption', {}, `${s.title}, ${task}: ${metric} (${measured.share ? '%' : unit}) with ` +
      `${data.confidence} % intervals. Groups of fewer than ${data.small} independent images are small: shown, not ranked.`));
    const headings = ['Open', ...by.map(a => a.replaceAll('_', ' ')), 'Images', 'Independent', 'Value', 'Interval',
      'Rank, worst first', 'q'];
    table.append(make('thead', {}, make('tr', {}, ...headings.map((text, i) =>
      make('th', { scope: 'col', ...(i > by.length ? { class: 'number' } : i ? {} : { class: 'screen' }) }, text)))));
    const [everyone, ...cells] = cellsOf(result);
    const names = cells.map(c => groupNames(c.group));
    const orders = by.map((_, i) => [...new Set(names.map(n => n[i]))]);
    const body = make('tbody');
    body.append(rowOf(measured.share, everyone, by.map(() => 'all'), by.map(() => -1),
      () => matrixOf(classes, matrices.flat())));
    cells.forEach((c, i) => body.append(rowOf(measured.share, c, names[i], names[i].map((n, j) => orders[j].indexOf(n)),
      () => matrixOf(classes, matrices[i] || []))));
    table.append(body);
    return table;
  }

  function show() {
    const s = data.systems[system.value], measured = s.measures[measure.value];
    if (!measured || !measured.crossings[crossing.value]) {
      place.replaceChildren(make('p', {}, `${s.title}: none of its cells with this is done.`));
      return;
    }
    const table = tableOf(s, measure.value, crossing.value);
    const wide = make('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Groups' }, table);
    place.replaceChildren(wide);
    makeSortable(table);
    makeFilterable(table, wide);
  }
  show();
}

const groups = document.getElementById('groups-data');
if (groups) startGroups(JSON.parse(groups.textContent));
