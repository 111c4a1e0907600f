// Fills in and sends the page in headless Chromium, over its debugging pipe: no package is needed.
//   node page.js BROWSER URL PROFILE_DIR    stdin: a JSON list of {url, key, text}; stdout: what the page then shows, for each
'use strict';

const {spawn} = require('child_process');
const fs = require('fs');

const [browserPath, url, profile] = process.argv.slice(2);
const child = spawn(browserPath, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--remote-debugging-pipe', '--user-data-dir=' + profile, 'about:blank'],
{stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
const waiting = new Map();
const said = [];
let last = 0;
let left = '';
child.stdio[4].on('data', (bytes) => {
  const parts = (left + bytes).split('\0');
  left = parts.pop();
  for (const message of parts.map((part) => JSON.parse(part))) {
    if (message.id) {
      waiting.get(message.id)(message);
    } else if (message.method === 'Runtime.exceptionThrown' || message.method === 'Log.entryAdded') {
      said.push(JSON.stringify(message.params));
    }
  }
});

function send(method, params, sessionId) {
  last++;
  child.stdio[3].write(JSON.stringify({id: last, method, params: params || {}, sessionId}) + '\0');
  return new Promise((resolve, reject) => waiting.set(last, (m) => m.error ? reject(new Error(method + m.error.message)) : resolve(m.result)));
}

async function main() {
  const {targetId} = await send('Target.createTarget', {url: 'about:blank'});
  const {sessionId} = await send('Target.attachToTarget', {targetId, flatten: true});
  for (const domain of ['Page', 'Runtime', 'Log']) {
    await send(domain + '.enable', {}, sessionId);
  }
  const evaluate = async (expression) => {
    const {result, exceptionDetails} = await send('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true}, sessionId);
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception.description);
    }
    return result.value;
  };
  await send('Page.navigate', {url}, sessionId);
  const shown = [];
  for (const wish of JSON.parse(fs.readFileSync(0, 'utf8'))) {
    shown.push(await evaluate(`(async () => {
      const wait = async (done) => { while (!done()) await new Promise((r) => setTimeout(r, 20)); };
      await wait(() => document.readyState === 'complete' && document.getElementById('form'));
      for (const [id, value] of Object.entries(${JSON.stringify(wish)})) document.getElementById(id).value = value;
      document.getElementById('form').requestSubmit();
      await wait(() => !document.getElementById('send').disabled);
      const visible = (id) => document.getElementById(id).offsetParent !== null;
      return {label: visible('answer') ? document.getElementById('label').textContent : null,
        error: visible('error') ? document.getElementById('error').textContent : null,
        elements: document.querySelectorAll('*').length};
    })()`));
  }
  process.stdout.write(JSON.stringify({shown, said}));
}

setTimeout(() => { console.error('page.js: too slow'); process.exit(1); }, 60000).unref();
main().catch((error) => { console.error(error.stack, said.join('\n')); process.exitCode = 1; }).finally(() => child.kill());
