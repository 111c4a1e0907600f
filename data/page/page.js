// The page to try a model. What comes from the user or the server enters the document as text nodes alone.
(function () {
  'use strict';

  var SHOWN = 6; // labels before the rest is asked for
  var KEPT = 50; // texts in the history
  var TOKENS = 20; // that are asked for
  var CHIPS = 8; // that are named below the text

  function $(id) {
    return document.getElementById(id);
  }

  var text = $('text');
  var past = []; // {text, label, score}, the latest first
  var chosen = -1; // the place in past that is shown, or -1
  var asked = 0; // number of the latest question: older answers are dropped
  var showsAll = false;
  var latest = null; // {text, prediction, ms}

  function element(tag, className, content) {
    var e = document.createElement(tag);
    if (className) {
      e.className = className;
    }
    if (content !== undefined) {
      e.textContent = content;
    }
    return e;
  }

  function percent(p) {
    if (p > 0.9995 && p < 1) {
      return '> 99.9 %';
    }
    if (p > 0 && p < 0.0005) {
      return '< 0.1 %';
    }
    return (100 * p).toFixed(1) + ' %';
  }

  // ---- the answer ----

  function showBars(prediction) {
    var rows = Object.entries(prediction.probabilities || {});
    if (rows.length === 0) {
      rows = [[prediction.label, prediction.score]];
    }
    rows.sort(function (a, b) {
      return b[1] - a[1];
    });
    var hidden = rows.length - SHOWN;
    var list = showsAll || hidden <= 1 ? rows : rows.slice(0, SHOWN);
    $('bars').replaceChildren.apply($('bars'), list.map(function (row) {
      var li = element('li');
      var rail = element('div', 'rail');
      var fill = element('div', 'fill');
      rail.setAttribute('aria-hidden', 'true');
      fill.style.width = 100 * Math.min(1, Math.max(0, row[1])) + '%';
      rail.append(fill);
      li.append(element('span', 'who', row[0]), element('span', 'much', percent(row[1])), rail);
      return li;
    }));
    $('more').hidden = hidden <= 1;
    $('more').textContent = showsAll ? 'Fewer labels' : 'All ' + rows.length + ' labels';
  }

  // Offsets are of bytes in UTF-8, strings count UTF-16: one for each byte, and one for the end.
  function placesOfBytes(string) {
    var places = [];
    var at = 0;
    for (var symbol of string) {
      var code = symbol.codePointAt(0);
      var n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      for (var i = 0; i < n; i++) {
        places.push(at);
      }
      at += symbol.length;
    }
    places.push(at);
    return places;
  }

  // Tokens may lie over each other, as pairs of words do: each stretch between two ends has the sum of those over it.
  function stretches(string, tokens) {
    var places = placesOfBytes(string);
    var spans = tokens.map(function (t) {
      return {begin: places[t.begin], end: places[t.end], much: t.contribution};
    }).filter(function (s) {
      return s.begin < s.end && isFinite(s.much);
    });
    var cuts = [0, string.length];
    spans.forEach(function (s) {
      cuts.push(s.begin, s.end);
    });
    cuts = Array.from(new Set(cuts)).sort(function (a, b) {
      return a - b;
    });
    return cuts.slice(1).map(function (end, i) {
      var sum = 0;
      spans.forEach(function (s) {
        sum += s.begin <= cuts[i] && end <= s.end ? s.much : 0;
      });
      return {text: string.slice(cuts[i], end), much: sum};
    });
  }

  function signed(number) {
    return (number < 0 ? '\u2212' : '+') + Math.abs(number).toPrecision(2);
  }

  function showMarked(string, tokens) {
    var parts = stretches(string, tokens);
    var most = Math.max.apply(null, parts.map(function (p) {
      return Math.abs(p.much);
    }));
    $('marked').replaceChildren.apply($('marked'), parts.map(function (p) {
      if (p.much === 0) {
        return document.createTextNode(p.text);
      }
      var mark = element('mark', p.much > 0 ? 'for' : 'against', p.text);
      mark.style.setProperty('--much', Math.abs(p.much) / most);
      mark.title = signed(p.much);
      return mark;
    }));
  }

  function showWhy(string, prediction) {
    var why = prediction.explanation;
    $('why').hidden = !why || !Array.isArray(why.tokens) || why.tokens.length === 0;
    if ($('why').hidden) {
      return;
    }
    $('why-label').textContent = why.label || prediction.label;
    showMarked(string, why.tokens);
    $('tokens').replaceChildren.apply($('tokens'), why.tokens.slice(0, CHIPS).map(function (t) {
      var li = element('li', t.contribution > 0 ? 'for' : 'against', t.token);
      li.append(element('b', '', signed(t.contribution)));
      return li;
    }));
    $('method').textContent = why.method === 'ablation'
      ? 'How much the score falls when a token is left out.'
      : why.method === 'exact' ? 'Contributions to the score, which they add up to with a constant.' : '';
  }

  function show(answer) {
    latest = answer;
    $('fault').hidden = true;
    $('result').hidden = false;
    $('label').textContent = answer.prediction.label;
    $('score').textContent = percent(answer.prediction.score);
    showBars(answer.prediction);
    showWhy(answer.text, answer.prediction);
    $('took').textContent = 'Answered in ' + answer.ms.toFixed(answer.ms < 10 ? 1 : 0) + ' ms.';
  }

  function fail(sentence) {
    $('result').hidden = true;
    $('fault').hidden = false;
    $('fault').textContent = sentence;
  }

  // ---- asking ----

  async function question(string) {
    var begun = performance.now();
    var response = await fetch('invocations?style=textml', {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'Accept': 'application/json'},
      body: JSON.stringify({instances: [string], probabilities: true, explain: TOKENS})
    });
    var body = await response.json().catch(function () {
      return null;
    });
    if (!response.ok) {
      throw new Error(body && body.error ? body.error.message : 'The server answered ' + response.status + '.');
    }
    if (!body || !Array.isArray(body.predictions) || body.predictions.length === 0) {
      throw new Error('The server answered without a prediction.');
    }
    return {text: string, prediction: body.predictions[0], ms: performance.now() - begun};
  }

  async function ask(isNew) {
    var string = text.value;
    if (string.trim() === '') {
      return;
    }
    var mine = ++asked;
    $('ask').disabled = true;
    try {
      var answer = await question(string);
      if (mine === asked) {
        show(answer);
        if (isNew) {
          remember(answer);
        }
      }
    } catch (error) {
      if (mine === asked) {
        fail(error instanceof TypeError ? 'The server cannot be reached.' : error.message);
      }
    }
    if (mine === asked) {
      count();
    }
  }

  // ---- history, of this tab alone ----

  function keep() {
    try {
      sessionStorage.setItem('textml', JSON.stringify(past));
    } catch (error) {
      return; // full, or not allowed: then it lives as long as the page
    }
  }

  function remember(answer) {
    past = past.filter(function (p) {
      return p.text !== answer.text;
    });
    past.unshift({text: answer.text, label: answer.prediction.label, score: answer.prediction.score});
    past.length = Math.min(past.length, KEPT);
    chosen = 0;
    keep();
    showPast();
  }

  function showPast() {
    $('past').hidden = past.length === 0;
    $('history').replaceChildren.apply($('history'), past.map(function (p, i) {
      var li = element('li');
      li.id = 'past-' + i;
      li.setAttribute('role', 'option');
      li.setAttribute('aria-selected', String(i === chosen));
      li.append(element('span', 'what', p.text.slice(0, 200)), element('span', 'who', p.label + ' \u00b7 ' + percent(p.score)));
      li.addEventListener('click', function () {
        recall(i);
      });
      return li;
    }));
    if (chosen >= 0 && chosen < past.length) {
      $('history').setAttribute('aria-activedescendant', 'past-' + chosen);
    } else {
      $('history').removeAttribute('aria-activedescendant');
    }
  }

  function recall(i) {
    if (i < 0 || i >= past.length) {
      return;
    }
    chosen = i;
    text.value = past[i].text;
    showPast();
    $('past-' + i).scrollIntoView({block: 'nearest'});
    ask(false);
  }

  // ---- keys and the rest ----

  function count() {
    var n = Array.from(text.value).length;
    $('count').textContent = n === 0 ? '' : n === 1 ? '1 character' : n.toLocaleString('en') + ' characters';
    $('ask').disabled = text.value.trim() === '';
  }

  text.addEventListener('input', function () {
    chosen = -1;
    count();
  });
  text.addEventListener('keydown', function (event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      ask(true);
    } else if (event.key === 'ArrowUp' && text.selectionEnd === 0 && chosen + 1 < past.length) {
      event.preventDefault();
      recall(chosen + 1);
      text.setSelectionRange(0, 0);
    } else if (event.key === 'ArrowDown' && chosen > 0 && text.selectionEnd === 0) {
      event.preventDefault();
      recall(chosen - 1);
      text.setSelectionRange(0, 0);
    }
  });
  $('history').addEventListener('keydown', function (event) {
    var step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (step) {
      event.preventDefault();
      recall(chosen < 0 ? 0 : chosen + step);
    } else if (event.key === 'Enter') {
      text.focus();
    }
  });
  $('form').addEventListener('submit', function (event) {
    event.preventDefault();
    ask(true);
  });
  $('more').addEventListener('click', function () {
    showsAll = !showsAll;
    showBars(latest.prediction);
  });
  $('clear').addEventListener('click', function () {
    past = [];
    chosen = -1;
    keep();
    showPast();
    text.focus();
  });

  async function greet() {
    try {
      var response = await fetch('v2/models/default');
      var model = await response.json();
      if (!response.ok) {
        throw new Error(model.error);
      }
      var card = await (await fetch('openapi.json')).json();
      var labels = model.outputs[1].parameters.labels;
      $('name').textContent = card.info.title;
      document.title = card.info.title + ' \u00b7 textml';
      $('dot').className = 'dot up';
      $('state').textContent = labels.length + ' labels, ready';
    } catch (error) {
      $('dot').className = 'dot down';
      $('state').textContent = error instanceof TypeError ? 'The server cannot be reached.' : error.message;
    }
  }

  try {
    past = JSON.parse(sessionStorage.getItem('textml')) || [];
  } catch (error) {
    past = [];
  }
  showPast();
  count();
  greet();
})();
