// The AWS SDK for JavaScript against serve: PORT from the environment.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  InvokeEndpointCommand, InvokeEndpointWithResponseStreamCommand, ModelError, SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime';

const client = new SageMakerRuntimeClient({
  region: 'us-east-1',
  endpoint: `http://127.0.0.1:${process.env.PORT}`,
  credentials: {accessKeyId: 'test', secretAccessKey: 'test'},
});
const labels = ['Business', 'Science & Technology', 'Entertainment', 'Health & Medicine'];

function call(body, more) {
  return {EndpointName: 'news', ContentType: 'application/json', Body: body, ...more};
}

test('a request is answered', async () => {
  const answer = await client.send(new InvokeEndpointCommand(call('{"instances": ["Bank profit falls", "New film opens"]}')));
  const {predictions} = JSON.parse(new TextDecoder().decode(answer.Body));
  assert.equal(answer.$metadata.httpStatusCode, 200);
  assert.equal(answer.ContentType, 'application/json');
  assert.equal(predictions.length, 2);
  predictions.forEach((p) => assert.ok(labels.includes(p.label)));
});

test('Accept is heard', async () => {
  const answer = await client.send(new InvokeEndpointCommand(call('a\nb\nc\n', {ContentType: 'text/plain', Accept: 'text/csv'})));
  assert.equal(answer.ContentType, 'text/csv');
  assert.equal(new TextDecoder().decode(answer.Body).split('\n').length, 4);
});

test('custom attributes come back', async () => {
  const answer = await client.send(new InvokeEndpointCommand(
    call('{"instances": ["x"]}', {CustomAttributes: 'trace=1;who=me', InferenceId: 'id-1'})));
  assert.equal(answer.CustomAttributes, 'trace=1;who=me');
});

test('a failure is a ModelError with a sentence', async () => {
  await assert.rejects(client.send(new InvokeEndpointCommand(call('{"instances": ['))), (error) => {
    assert.ok(error instanceof ModelError);
    assert.equal(error.name, 'ModelError');
    assert.match(error.message, /^Received client error \(400\) from the model with message "line 1, column \d+: this is not JSON/);
    assert.equal(error.OriginalStatusCode, 400);
    assert.equal(JSON.parse(error.OriginalMessage).error.code, 400);
    return true;
  });
});

async function stream(command) {
  const answer = await client.send(new InvokeEndpointWithResponseStreamCommand(command));
  const parts = [];
  for await (const event of answer.Body) {
    parts.push(Buffer.from(event.PayloadPart.Bytes));
  }
  return {answer, parts, text: Buffer.concat(parts).toString()};
}

test('a stream arrives', async () => {
  const {answer, text} = await stream(call('{"instances": ["Bank profit falls"]}'));
  assert.equal(answer.ContentType, 'application/json');
  assert.equal(JSON.parse(text).predictions.length, 1);
});

test('a long stream comes in parts that end with lines', async () => {
  const n = 20000;
  const {answer, parts, text} = await stream(
    call('Bank profit falls\n'.repeat(n), {ContentType: 'text/plain', Accept: 'application/jsonlines'}));
  const lines = text.split('\n');
  assert.equal(answer.ContentType, 'application/jsonlines');
  assert.equal(lines.length, n + 1);
  lines.slice(0, n).forEach((line) => assert.ok(labels.includes(JSON.parse(line).label)));
  assert.ok(parts.length > 1);
  parts.forEach((part) => assert.equal(part[part.length - 1], 10));
});

test('a stream that fails is a ModelError too', async () => {
  await assert.rejects(stream(call('{}')), (error) => error.name === 'ModelError' && error.OriginalStatusCode === 400);
});
