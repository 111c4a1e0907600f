// The page to try a model. What comes from the user or the server enters the document as text nodes alone.
(function () {
  'use strict';

  var SHOWN = 6; // labels before the rest is asked for
  var KEPT = 50; // texts in the history
  var TOKENS = 60; // that are asked for
  var CHIPS = 8; // that are named below the text
  var EXPLAINED = 1 << 20; // bytes of the longest text that the server explains

  function $(id) {
    return document.getElementById(id);
  }

  var UNREACHED = 'The server cannot be reached.';
  var text = $('text');
  var past = []; // {text, model, label, score}, the latest first
  var chosen = -1; // the place in past that is shown, or -1
  var asked = 0; // number of the latest question: older answers are dropped
  var showsAll = false;
  var latest = null; // {text, model, prediction, ms}
  var isUp = false; // as far as the last answer told

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
    $('more').setAttribute('aria-expanded', String(showsAll));
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

  // A long text scrolls in its frame: by keyboard too, and from its strongest token on.
  function showStrongest() {
    var marked = $('marked');
    ['tabindex', 'role', 'aria-labelledby'].forEach(function (name) {
      marked.removeAttribute(name);
    });
    marked.scrollTop = 0;
    if (marked.scrollHeight <= marked.clientHeight) {
      return;
    }
    marked.setAttribute('tabindex', '0');
    marked.setAttribute('role', 'region');
    marked.setAttribute('aria-labelledby', 'why-head');
    var strongest = Array.from(marked.querySelectorAll('mark')).find(function (mark) {
      return mark.style.getPropertyValue('--much') === '1';
    });
    if (strongest) {
      marked.scrollTop = strongest.offsetTop - marked.clientHeight / 3;
    }
  }

  // Occurrences of a token that weigh the same are named once, with their number.
  function chipsOf(tokens) {
    var chips = new Map();
    tokens.forEach(function (t, i) {
      var key = t.token + '\u0000' + signed(t.contribution);
      var chip = chips.get(key) || {token: t.token, much: t.contribution, times: 0};
      chip.times++;
      chips.set(key, chip);
      if (i + 1 === TOKENS) {
        chip.times = 1; // there may be more than were asked for
      }
    });
    return Array.from(chips.values()).slice(0, CHIPS);
  }

  function showWhy(string, prediction) {
    var why = prediction.explanation;
    $('why').hidden = !why || !Array.isArray(why.tokens) || why.tokens.length === 0;
    if ($('why').hidden) {
      return;
    }
    $('why-label').textContent = why.label || prediction.label;
    showMarked(string, why.tokens);
    showStrongest();
    $('tokens').replaceChildren.apply($('tokens'), chipsOf(why.tokens).map(function (chip) {
      var li = element('li', chip.much > 0 ? 'for' : 'against');
      li.append(element('bdi', '', chip.token), element('b', '', signed(chip.much)));
      if (chip.times > 1) {
        li.append(element('i', '', '\u00d7 ' + chip.times));
      }
      return li;
    }));
    $('method').textContent = why.method === 'ablation'
      ? 'How much the score falls when a token is left out.'
      : why.method === 'exact' ? 'What each token adds to the score; all of them and a constant add up to it.' : '';
  }

  function show(answer) {
    latest = answer;
    $('fault').hidden = true;
    $('result').hidden = false;
    $('label').textContent = answer.prediction.label;
    $('score').textContent = percent(answer.prediction.score);
    showBars(answer.prediction);
    showWhy(answer.text, answer.prediction);
    $('took').textContent = 'Answered in ' + answer.ms.toFixed(answer.ms < 10 ? 1 : 0) + ' ms.' +
      (answer.isExplained ? '' : ' A text of more than 1 MiB is not explained.');
    $('said').textContent = answer.prediction.label + ', ' + percent(answer.prediction.score);
  }

  function fail(sentence) {
    $('result').hidden = true;
    $('fault').hidden = false;
    $('fault').textContent = sentence;
    $('said').textContent = '';
  }

  // ---- asking ----

  function modelName() {
    return $('which').hidden ? '' : $('model').value.trim();
  }

  async function question(string, model) {
    var isExplained = new TextEncoder().encode(string).length <= EXPLAINED;
    var begun = performance.now();
    var response = await fetch('invocations?style=textml' + (model ? '&model_name=' + encodeURIComponent(model) : ''), {
      method: 'POST',
      headers: {'Content-Type': 'application/json', 'Accept': 'application/json'},
      body: JSON.stringify({instances: [string], probabilities: true, explain: isExplained ? TOKENS : 0})
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
    return {text: string, model: model, prediction: body.predictions[0], isExplained: isExplained, ms: performance.now() - begun};
  }

  async function ask(isNew) {
    var string = text.value;
    if (string.trim() === '') {
      return;
    }
    var mine = ++asked;
    $('ask').disabled = true;
    try {
      var answer = await question(string, modelName());
      if (mine === asked) {
        if (!isUp || answer.model) { // which models are loaded may be news
          greet();
        }
        show(answer);
        if (isNew) {
          remember(answer);
        }
      }
    } catch (error) {
      if (mine === asked) {
        fail(error instanceof TypeError ? UNREACHED + ' Is serve still running? Your text stays here.' : error.message);
        if (error instanceof TypeError) {
          tell(false, UNREACHED);
        }
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
      return p.text !== answer.text || (p.model || '') !== answer.model;
    });
    past.unshift({text: answer.text, model: answer.model, label: answer.prediction.label, score: answer.prediction.score});
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
      var who = element('span', 'who');
      who.append(element('bdi', '', p.label), element('span', '', ' \u00b7 ' + percent(p.score)));
      li.append(element('bdi', 'what', p.text.slice(0, 200)), who);
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
    $('model').value = past[i].model || $('model').value;
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

  // ---- the server ----

  function tell(up, sentence) {
    isUp = up;
    $('dot').className = up ? 'dot up' : 'dot down';
    $('state').textContent = sentence;
  }

  // A server of many models: each request names one.
  async function greetMany() {
    var response = await fetch('models');
    if (!response.ok) {
      return false;
    }
    var names = (await response.json()).models.map(function (m) {
      return m.modelName;
    });
    $('models').replaceChildren.apply($('models'), names.map(function (name) {
      var option = element('option');
      option.value = name;
      return option;
    }));
    $('which').hidden = false;
    $('model').value = $('model').value || new URLSearchParams(location.search).get('model') || names[0] || '';
    tell(true, names.length === 0 ? 'Many models, none loaded yet: name one' : 'Many models, ' + names.length + ' loaded');
    return true;
  }

  async function greet() {
    try {
      var response = await fetch('v2/models/default');
      var model = await response.json();
      if (response.status === 400 && await greetMany()) {
        return;
      }
      if (!response.ok) {
        throw new Error(model.error);
      }
      var card = await (await fetch('openapi.json')).json();
      // Of many models, one of which is loaded: the server has no name of its own then.
      if (card.info.title === 'textml' && await greetMany()) {
        return;
      }
      var labels = model.outputs[1].parameters.labels;
      $('name').textContent = card.info.title;
      document.title = card.info.title + ' \u00b7 textml';
      tell(true, labels.length + ' labels, ready');
    } catch (error) {
      tell(false, error instanceof TypeError ? UNREACHED : error.message);
    }
  }

  try {
    past = JSON.parse(sessionStorage.getItem('textml')) || [];
  } catch (error) {
    past = [];
  }
  if (/^(Mac|iP)/.test(navigator.platform)) {
    $('keys').textContent = '\u2318\u2009+\u2009Enter';
  }
  showPast();
  count();
  greet();
})();
