// Drives the page of GET / in headless Chromium, over the browser's debugging pipe: no package is needed.
//   MANY_URL=… node page_browser.js BROWSER URL PROFILE_DIR [SCREENSHOT_DIR]
// MANY_URL: the page of a server of the models "first" and "second", none of which was asked before.
// Prints what failed and ends with 1, or "PAGE: n checks" and 0. With a directory it leaves pictures there.
'use strict';

const {spawn} = require('child_process');
const fs = require('fs');
const path = require('path');

const [browserPath, url, profile, pictures] = process.argv.slice(2);
const TIMEOUT_MS = 20000;
let checks = 0;
const faults = [];

function check(what, holds) {
  checks++;
  if (!holds) {
    faults.push(what);
  }
}

// ---- the browser ----

function launch() {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run',
    '--hide-scrollbars', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--remote-debugging-pipe',
    '--user-data-dir=' + profile, 'about:blank'];
  const child = spawn(browserPath, flags, {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
  const waiting = new Map();
  const listeners = [];
  let id = 0;
  let left = '';
  child.stdio[4].on('data', (bytes) => {
    const parts = (left + bytes).split('\0');
    left = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      if (message.id !== undefined) {
        const {resolve, reject} = waiting.get(message.id);
        waiting.delete(message.id);
        message.error ? reject(new Error(message.error.message)) : resolve(message.result);
      } else {
        listeners.forEach((listener) => listener(message));
      }
    }
  });
  return {
    child,
    listen: (listener) => listeners.push(listener),
    send: (method, params, sessionId) => new Promise((resolve, reject) => {
      id++;
      waiting.set(id, {resolve, reject});
      child.stdio[3].write(JSON.stringify({id, method, params: params || {}, sessionId}) + '\0');
    }),
  };
}

// A tab with what its console said.
async function openTab(browser) {
  const {targetId} = await browser.send('Target.createTarget', {url: 'about:blank'});
  const {sessionId} = await browser.send('Target.attachToTarget', {targetId, flatten: true});
  const said = [];
  const send = (method, params) => browser.send(method, params, sessionId);
  browser.listen((message) => {
    if (message.sessionId !== sessionId) {
      return;
    }
    if (message.method === 'Runtime.exceptionThrown') {
      said.push(message.params.exceptionDetails.exception.description);
    } else if (message.method === 'Log.entryAdded') {
      said.push(message.params.entry.text);
    } else if (message.method === 'Runtime.consoleAPICalled') {
      said.push(message.params.args.map((a) => a.value).join(' '));
    }
  });
  await Promise.all(['Page.enable', 'Runtime.enable', 'Log.enable'].map((m) => send(m)));
  const evaluate = async (expression) => {
    const {result, exceptionDetails} = await send('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
    if (exceptionDetails) {
      throw new Error(expression + ': ' + exceptionDetails.exception.description);
    }
    return result.value;
  };
  const until = async (expression) => {
    const end = Date.now() + TIMEOUT_MS;
    while (!await evaluate(expression)) {
      if (Date.now() > end) {
        throw new Error('never came true: ' + expression + '\n' + said.join('\n'));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return {send, evaluate, until, said};
}

// The next document is another: what holds of this one says nothing.
async function reload(tab) {
  await tab.evaluate('window.isOld = true');
  await tab.send('Page.reload');
  await tab.until('window.isOld === undefined');
}

async function press(tab, key, code, modifiers) {
  const event = {key, code: key, windowsVirtualKeyCode: code, modifiers: modifiers || 0};
  await tab.send('Input.dispatchKeyEvent', {type: 'rawKeyDown', ...event});
  await tab.send('Input.dispatchKeyEvent', {type: 'keyUp', ...event});
}

const pressCtrlEnter = (tab) => press(tab, 'Enter', 13, 2);
const pressUp = (tab) => press(tab, 'ArrowUp', 38);
const pressDown = (tab) => press(tab, 'ArrowDown', 40);

async function look(tab, width, scheme) {
  await tab.send('Emulation.setDeviceMetricsOverride', {width, height: width < 500 ? 760 : 900, deviceScaleFactor: 1, mobile: width < 500});
  await tab.send('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: scheme}]});
}

async function picture(tab, name) {
  if (!pictures) {
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, 500)); // bars grow
  const {data} = await tab.send('Page.captureScreenshot', {captureBeyondViewport: true});
  fs.writeFileSync(path.join(pictures, name + '.png'), Buffer.from(data, 'base64'));
}

async function write(tab, text) {
  await tab.evaluate("document.getElementById('text').focus(); document.getElementById('text').select()");
  await tab.send('Input.insertText', {text});
}

// Shows the answer to text, asked by keyboard.
async function ask(tab, text) {
  await write(tab, text);
  await tab.evaluate("document.getElementById('took').textContent = ''");
  await pressCtrlEnter(tab);
  await tab.until("document.getElementById('took').textContent !== ''");
}

// ---- what is checked ----

const READY = "document.readyState === 'complete' && document.getElementById('dot')?.className === 'dot up'";
const HOSTILE = '<script>window.hurt = 1</script><img src=x onerror="window.hurt = 2"> market bank';

async function answersAreShown(tab) {
  await tab.until(READY);
  check('the button waits for a text', await tab.evaluate("document.getElementById('ask').disabled"));
  await ask(tab, 'market bank profit');
  const bars = await tab.evaluate(
    "Array.from(document.querySelectorAll('#bars li')).map(li => [li.querySelector('.who').textContent, parseFloat(li.querySelector('.fill').style.width)])");
  check('a bar for each label', bars.length === 4);
  check('bars fall', bars.every((bar, i) => i === 0 || bar[1] <= bars[i - 1][1]));
  check('bars add up to 100 %', Math.abs(bars.reduce((sum, bar) => sum + bar[1], 0) - 100) < 0.01);
  check('the first bar is the prediction', bars[0][0] === await tab.evaluate("document.getElementById('label').textContent"));
  const offline = await tab.evaluate(
    "fetch('invocations', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({instances: ['market bank profit']})}).then(r => r.json()).then(r => r.predictions[0].label)");
  check('it is what the server says', bars[0][0] === offline);
  check('it is said to those who do not see it', (await tab.evaluate(
    "document.querySelector('[role=status]').textContent")).startsWith(bars[0][0] + ', '));
}

async function textIsNeverHtml(tab) {
  await ask(tab, HOSTILE);
  check('the history shows it as it is', await tab.evaluate(
    "document.querySelector('#history .what').textContent") === HOSTILE);
  check('nothing of it became an element', await tab.evaluate(
    "document.querySelectorAll('main script, main img').length") === 0);
  check('nothing of it ran', await tab.evaluate('window.hurt === undefined'));
  check('the policy refuses what is not the page\'s own', await tab.evaluate(
    "new Promise(done => { document.addEventListener('securitypolicyviolation', () => done(true)); var s = document.createElement('script'); s.textContent = 'window.hurt = 3'; document.body.append(s); setTimeout(() => done(false), 1000); })"));
  check('and it did not run', await tab.evaluate('window.hurt === undefined'));
}

async function keysWalkThroughTheHistory(tab) {
  await ask(tab, 'film song actor');
  check('three texts are kept', await tab.evaluate("document.querySelectorAll('#history li').length") === 3);
  await tab.evaluate("document.getElementById('history').focus()");
  await pressDown(tab);
  check('down is the one before', await tab.evaluate("document.getElementById('text').value") === HOSTILE);
  await pressDown(tab);
  await tab.until("document.getElementById('text').value === 'market bank profit'");
  await pressUp(tab);
  check('up is the one behind', await tab.evaluate("document.getElementById('text').value") === HOSTILE);
  check('it is marked', await tab.evaluate("document.querySelector('#history [aria-selected=true] .what').textContent") === HOSTILE);
  await reload(tab);
  await tab.until("document.readyState === 'complete' && document.querySelectorAll('#history li').length === 3");
  check('a reload keeps them', true);
}

// The model's own explanation: tokens of the text, the strongest first, and the same ones marked in it.
async function theModelExplainsItself(tab) {
  const TEXT = 'The market, the bank and their profit';
  await ask(tab, TEXT);
  check('there is an explanation', !await tab.evaluate("document.getElementById('why').hidden"));
  check('it is of the prediction', await tab.evaluate(
    "document.getElementById('why-label').textContent === document.getElementById('label').textContent"));
  check('it says how it was made', await tab.evaluate("document.getElementById('method').textContent") !== '');
  check('the marked text is whole', await tab.evaluate("document.getElementById('marked').textContent") === TEXT);
  const marks = await tab.evaluate("Array.from(document.querySelectorAll('#marked mark')).map(m => m.textContent)");
  check('words are marked, not blanks: ' + JSON.stringify(marks), marks.length >= 3 && marks.every((m) => /^[A-Za-z]+$/.test(m)));
  const chips = await tab.evaluate(
    "Array.from(document.querySelectorAll('#tokens li')).map(li => [li.firstChild.textContent, parseFloat(li.querySelector('b').textContent.replace('\u2212', '-'))])");
  check('tokens are named: ' + JSON.stringify(chips), chips.length >= 3 && ['market', 'bank', 'profit'].every((w) => chips.some((c) => c[0] === w)));
  check('the strongest come first', chips.every((c, i) => i === 0 || Math.abs(c[1]) <= Math.abs(chips[i - 1][1]) * 1.06));
}

// What the strongest token is, and how often it stands there, is seen without scrolling.
async function aLongTextShowsItsStrongestToken(tab) {
  await ask(tab, 'zzz zzz\n'.repeat(60) + 'profit profit profit\n' + 'zzz zzz\n'.repeat(60));
  check('it can be scrolled by keyboard', await tab.evaluate("document.getElementById('marked').tabIndex") === 0);
  check('the frame has a name', await tab.evaluate(
    "document.getElementById(document.getElementById('marked').getAttribute('aria-labelledby')).textContent").then((name) => name.startsWith('Why ')));
  check('the strongest token is in sight', await tab.evaluate(
    "(() => { const frame = document.getElementById('marked').getBoundingClientRect(); const mark = document.querySelector('#marked mark').getBoundingClientRect(); return frame.top <= mark.top && mark.bottom <= frame.bottom; })()"));
  await ask(tab, 'profit');
  check('a short text is no stop of the Tab key', await tab.evaluate("document.getElementById('marked').tabIndex") === -1);
}

async function aVeryLongTextIsAnsweredWithoutAnExplanation(tab) {
  await tab.evaluate("document.getElementById('text').value = '\u5065\u5eb7'.repeat(180000); document.getElementById('text').dispatchEvent(new Event('input')); document.getElementById('took').textContent = ''; document.getElementById('form').requestSubmit()");
  await tab.until("document.getElementById('took').textContent !== '' || !document.getElementById('fault').hidden");
  check('more than 1 MiB has a label', await tab.evaluate("document.getElementById('fault').hidden && document.getElementById('label').textContent !== ''"));
  check('and no explanation', await tab.evaluate("document.getElementById('why').hidden"));
}

// A server that is gone is told, the text stays, and when it is back the page says so.
async function aServerThatIsGoneIsTold(tab) {
  await tab.evaluate("window.realFetch = window.fetch; window.fetch = () => Promise.reject(new TypeError('gone')); document.getElementById('took').textContent = ''");
  await write(tab, 'market bank');
  await pressCtrlEnter(tab);
  await tab.until("!document.getElementById('fault').hidden");
  check('the fault has words', /cannot be reached/.test(await tab.evaluate("document.getElementById('fault').textContent")));
  check('the lamp is out', await tab.evaluate("document.getElementById('dot').className") === 'dot down');
  check('the text is there', await tab.evaluate("document.getElementById('text').value") === 'market bank');
  await tab.evaluate('window.fetch = window.realFetch; undefined');
  await ask(tab, 'market bank');
  await tab.until("document.getElementById('dot').className === 'dot up'");
  check('the fault is gone', await tab.evaluate("document.getElementById('fault').hidden"));
}

// Answers with an explanation of the test's own: offsets of bytes behind letters of two and four, tokens over each other.
const EXPLAIN = `(() => {
  const real = window.fetch;
  window.fetch = async (where, options) => {
    const response = await real(where, options);
    if (!where.startsWith('invocations') || !options.body.includes('caf\\u00e9')) {
      return response;
    }
    const body = await response.json();
    body.predictions[0].explanation = {label: body.predictions[0].label, method: 'exact', score: 1, constant: 0, tokens: [
      {token: 'caf\\u00e9 bank', begin: 0, end: 10, contribution: 0.5},
      {token: 'bank', begin: 6, end: 10, contribution: 1.5},
      {token: '<b>', begin: 16, end: 19, contribution: -1},
      {token: '<b>', begin: 16, end: 19, contribution: 0}, {token: '<b>', begin: 16, end: 19, contribution: 0}]};
    return new Response(JSON.stringify(body), {status: 200});
  };
})()`;

async function tokensAreMarked(tab) {
  await tab.send('Page.addScriptToEvaluateOnNewDocument', {source: EXPLAIN});
  await reload(tab);
  await tab.until(READY);
  await ask(tab, 'caf\u00e9 bank \u{1F600} <b>');
  const marks = await tab.evaluate("Array.from(document.querySelectorAll('#marked mark')).map(m => [m.className, m.textContent, Number(m.style.getPropertyValue('--much'))])");
  check('tokens are marked where they stand: ' + JSON.stringify(marks),
    JSON.stringify(marks) === JSON.stringify([['for', 'caf\u00e9 ', 0.25], ['for', 'bank', 1], ['against', '<b>', 0.5]]));
  check('the text is whole', await tab.evaluate("document.getElementById('marked').textContent") === 'caf\u00e9 bank \u{1F600} <b>');
  check('tokens are no elements', await tab.evaluate("document.querySelectorAll('#marked b').length") === 0);
  const chips = await tab.evaluate("Array.from(document.querySelectorAll('#tokens li')).map(li => li.textContent)");
  check('equal ones are named once: ' + JSON.stringify(chips), JSON.stringify(chips) ===
    JSON.stringify(['caf\u00e9 bank+0.50', 'bank+1.5', '<b>\u22121.0', '<b>+0.0\u00d7 2']));
}

// Labels of the test's own, for words that no window is wide enough for and that are written from right to left.
const LABELS = `(() => {
  const real = window.fetch;
  window.fetch = async (where, options) => {
    const response = await real(where, options);
    const long = 'LabelWithoutAnyBlankInItThatAnybodyHasEverWrittenAndThatGoesOnAndOn';
    if (!where.startsWith('invocations') || !options.body.includes('label')) {
      return response;
    }
    const body = await response.json();
    const label = options.body.includes('longlabel') ? long : '\u0627\u0644\u0633\u0648\u0642 (\u0627)';
    body.predictions[0].label = body.predictions[0].explanation.label = label;
    body.predictions[0].score = 0.7;
    body.predictions[0].probabilities = {[label]: 0.7, other: 0.3};
    return new Response(JSON.stringify(body), {status: 200});
  };
})()`;

// Percentages stay behind labels that are written from right to left.
async function scriptsKeepTheirOrder(tab) {
  await tab.evaluate(LABELS);
  await ask(tab, '\u0645\u0631\u062d\u0628\u0627 label market bank');
  const directions = await tab.evaluate("['text', 'marked'].map(id => getComputedStyle(document.getElementById(id)).direction).join(' ')");
  check('a text from right to left begins at the right: ' + directions, directions === 'rtl rtl');
  check('its label stands before the percentage', true === await tab.evaluate(`(() => {
    const who = document.querySelector('#history .who');
    return who.querySelector('bdi').getBoundingClientRect().right <= who.querySelector('span').getBoundingClientRect().left + 1 &&
      who.querySelector('span').textContent === ' \u00b7 70.0 %' || who.outerHTML;
  })()`));
}

async function fitsItsWindow(tab) {
  await tab.evaluate(LABELS);
  for (const [width, scheme] of [[1200, 'light'], [1200, 'dark'], [360, 'light'], [360, 'dark']]) {
    await look(tab, width, scheme);
    await ask(tab, 'caf\u00e9 bank: why the longest headlinewithoutanyblankinitthatanybodyhaseverwrittendoesnotleaveitscard');
    await ask(tab, 'longlabel caf\u00e9');
    check('at ' + width + ' it is no wider than its window', await tab.evaluate(
      'document.documentElement.scrollWidth <= window.innerWidth'));
    const leaving = await tab.evaluate(
      "Array.from(document.querySelectorAll('main *')).filter(e => e.getBoundingClientRect().right > window.innerWidth + 0.5 && !e.closest('.hidden')).map(e => e.tagName + '.' + e.className)");
    check('at ' + width + ' nothing leaves it: ' + leaving.join(' '), leaving.length === 0);
  }
}

async function manyModelsAreNamed(browser) {
  const tab = await openTab(browser);
  await look(tab, 1200, 'light');
  await tab.send('Page.navigate', {url: process.env.MANY_URL});
  await tab.until(READY);
  check('it asks for a model', await tab.evaluate("!document.getElementById('which').hidden && document.getElementById('model').value === ''"));
  const choose = (name) => tab.evaluate("document.getElementById('model').value = '" + name + "'");
  await choose('first');
  await ask(tab, 'market bank profit');
  check('the named model answers', await tab.evaluate("document.querySelectorAll('#bars li').length") === 4);
  await tab.until("document.getElementById('state').textContent === 'Many models, 1 loaded'");
  await choose('none');
  await pressCtrlEnter(tab);
  await tab.until("!document.getElementById('fault').hidden");
  check('a wrong name is told', await tab.evaluate("document.getElementById('fault').textContent.includes('none')"));
  // The server's only model now, which others may join: its page still asks for a name.
  await reload(tab);
  await tab.until(READY);
  check('one that is loaded is proposed', await tab.evaluate("!document.getElementById('which').hidden && document.getElementById('model').value") === 'first');
  check('the history knows the model', await tab.evaluate("JSON.parse(sessionStorage.getItem('textml'))[0].model") === 'first');
}

async function pose(tab) {
  for (const [width, scheme] of [[1000, 'light'], [1000, 'dark'], [360, 'light'], [360, 'dark']]) {
    await look(tab, width, scheme);
    await ask(tab, process.env.PAGE_TEXT || 'market bank profit');
    await picture(tab, width + '-' + scheme);
  }
}

async function main() {
  const browser = launch();
  try {
    const tab = await openTab(browser);
    await look(tab, 1200, 'light');
    await tab.send('Page.navigate', {url});
    await answersAreShown(tab);
    const before = tab.said.length;
    check('the console is silent: ' + tab.said.join('; '), before === 0);
    await textIsNeverHtml(tab);
    check('the console speaks of the refusal alone', tab.said.length === 1 && /Content Security Policy/.test(tab.said[0]));
    await keysWalkThroughTheHistory(tab);
    await theModelExplainsItself(tab);
    await aLongTextShowsItsStrongestToken(tab);
    await aVeryLongTextIsAnsweredWithoutAnExplanation(tab);
    await aServerThatIsGoneIsTold(tab);
    await tokensAreMarked(tab);
    await scriptsKeepTheirOrder(tab);
    await fitsItsWindow(tab);
    await manyModelsAreNamed(browser);
    if (pictures) {
      await pose(tab);
    }
    check('no fault: ' + tab.said.slice(1).join('; '), tab.said.length === 1);
  } finally {
    // Its processes still write to the profile when it is killed.
    const gone = new Promise((resolve) => browser.child.once('exit', resolve));
    browser.send('Browser.close').catch(() => undefined);
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS))]);
    browser.child.kill();
  }
}

main().catch((error) => faults.push(error.stack)).then(() => {
  faults.forEach((fault) => console.log('FAULT: ' + fault));
  console.log('PAGE: ' + checks + ' checks, ' + faults.length + ' faults');
  process.exit(faults.length === 0 ? 0 : 1);
});
