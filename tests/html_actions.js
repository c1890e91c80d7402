'use strict';
// What a reader does with the HTML report, done by a script that tests/html puts behind the page's own. Each line of
// the element #test-result is a check; the last is "done".
(async () => {
  const lines = [];
  const check = (ok, what) => lines.push(`${ok ? 'ok' : 'FAILED'}: ${what}`);
  const all = selector => [...document.querySelectorAll(selector)];
  const table = selector => document.querySelector(selector);
  const column = (t, i) => [...t.tBodies[0].rows].filter(r => !r.classList.contains('opened') && !r.hidden)
    .map(r => r.cells[i]).filter(Boolean);
  const numbers = (t, i) => column(t, i).map(c => c.dataset.value).filter(v => v !== '' && v !== undefined).map(Number);
  const rising = list => list.every((x, i) => i === 0 || list[i - 1] <= x);
  const press = element => { element.focus(); check(document.activeElement === element, `${element.textContent} takes the focus`); element.click(); };
  const type = (input, text) => { input.value = text; input.dispatchEvent(new Event('input', { bubbles: true })); };
  try {
    check(window.hostile === undefined, 'no name has run as a script');
    check(all('script').length === all('script[type="application/json"]').length + 2, 'no script but the page\'s and this one');
    check(all('main img').length > 0 || document.body.textContent.includes('Not drawn'), 'figures are there');
    await Promise.all(all('main img').map(i => i.decode()));
    check(all('main img').every(i => i.naturalWidth > 100 && i.alt), 'every figure decodes and has a text for those who do not see it');
    check(all('a[href]').every(a => /^(#|data:)/.test(a.getAttribute('href'))), 'links stay in the page');
    check(all('a[href^="#"]').every(a => document.getElementById(a.getAttribute('href').slice(1))), 'links within the page lead somewhere');
    check(new Set(all('[id]').map(e => e.id)).size === all('[id]').length, 'ids are unique');
    check(all('button, input, select').every(e => e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')),
      'what is operated has a name');
    check(document.documentElement.scrollWidth <= document.documentElement.clientWidth, 'no name is wider than the page');
    check(all('th').every(h => h.scope), 'headings of tables say what they head');

    all('details').forEach(d => { d.open = true; });
    for (const t of all('table.sortable, table.groups')) {
      const headings = [...t.tHead.rows[0].cells];
      const i = headings.findIndex(h => h.classList.contains('number'));
      if (i < 0) continue;
      press(headings[i].querySelector('button'));
      check(headings[i].getAttribute('aria-sort') === 'ascending' && rising(numbers(t, i)), `${t.caption.textContent.slice(0, 40)}: sorts up`);
      press(headings[i].querySelector('button'));
      check(headings[i].getAttribute('aria-sort') === 'descending' && rising(numbers(t, i).reverse()), 'and down');
    }

    const cells = table('#cells table');
    const filter = table('#cells input[type="search"]');
    const before = column(cells, 0).length, id = cells.tBodies[0].rows[0].cells[0].textContent;
    type(filter, id);
    check(column(cells, 0).length === 1 && before > 1, 'a filter leaves the rows that have its words');
    check(table('#cells [role="status"]').textContent.includes(`1 of ${before}`), 'and says how many');
    type(filter, '');
    check(column(cells, 0).length === before, 'all rows come back');

    const number = table('#results td[data-cells] button');
    const behind = number.closest('td').dataset.cells.split(' ');
    press(number);
    check(column(cells, 0).length === behind.length && behind.length < before, 'a number leads to the cells behind it');
    check(column(cells, 0).every(c => behind.includes(c.parentElement.dataset.cell)), 'and to no others');
    table('#cells .note button').click();
    check(column(cells, 0).length === before, 'and back to all cells');

    const claims = table('#claims table');
    if (claims) {
      check(all('#claims strong')[0].textContent.match(/\d+ reproduced, \d+ not reproduced, \d+ undecided, \d+ not testable/), 'claims are counted');
      const verdict = [...claims.tHead.rows[0].cells].findIndex(h => h.textContent.startsWith('Verdict'));
      const search = table('#claims input[type="search"]');
      type(search, 'undecided');
      check(column(claims, verdict).length > 0 && column(claims, verdict).every(c => c.parentElement.textContent.includes('undecided')), 'claims filter by their verdict');
      type(search, '');
      const asked = table('#claims td[data-cells] button');
      const asks = asked.closest('td').dataset.cells.split(' ');
      press(asked);
      check(column(cells, 0).length === asks.length, 'a claim leads to the cells behind it');
      table('#cells .note button').click();
    }

    const open = table('#groups-here button[aria-expanded]:not([disabled])');
    press(open);
    const matrix = table('#groups-here .matrix');
    check(open.getAttribute('aria-expanded') === 'true' && matrix, 'a group opens its matrix');
    const sum = [...matrix.tBodies[0].rows].map(r => Number(r.cells[r.cells.length - 2].textContent)).reduce((a, b) => a + b, 0);
    check(sum > 0, 'with counts in it');
    open.click();
    check(!table('#groups-here .matrix'), 'and closes it');
    for (const select of all('#groups select'))
      for (let i = 0; i < select.options.length; i++) {
        select.value = i;
        select.dispatchEvent(new Event('change'));
        check(table('#groups-here').textContent.trim().length > 0, `groups: ${select.options[i].textContent}`);
      }

    const paper = () => getComputedStyle(document.body).backgroundColor;
    const first = paper();
    press(document.getElementById('scheme'));
    check(paper() !== first, 'the other scheme has another paper');
    document.getElementById('scheme').click();
    check(paper() === first, 'and back');
    check(performance.getEntriesByType('resource').every(r => r.name.startsWith('data:')), 'nothing was fetched');
  } catch (error) {
    lines.push(`FAILED: ${error.stack}`);
  }
  lines.push('done');
  const result = document.createElement('pre');
  result.id = 'test-result';
  result.textContent = lines.join('\n');
  document.body.append(result);
})();
