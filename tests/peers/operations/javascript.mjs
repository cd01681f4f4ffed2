// Calls operations with the AWS SDK for JavaScript and its default handler, which uses HTTP/2. Checks the responses.
//
// usage: javascript.mjs OPERATION..

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { ARGUMENTS, MODEL, PROMPT, SCHEMA, TEXT } from "../expected.mjs";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const sdk = require("@aws-sdk/client-bedrock-runtime");

const REQUEST = {
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 256,
  messages: [{ role: "user", content: PROMPT }],
};
// Set the content type, because the service rejects the default content type of this client.
const INVOKE = { modelId: MODEL, contentType: "application/json", body: JSON.stringify(REQUEST) };
const CONVERSE = { modelId: MODEL, messages: [{ role: "user", content: [{ text: PROMPT }] }] };
const TOOL = "weather";
const TOOLS = {
  tools: [{ toolSpec: { name: TOOL, inputSchema: { json: SCHEMA } } }],
  toolChoice: { tool: { name: TOOL } },
};

// The guardrail of `guardrails.json` denies a word of the prompt.
const GUARDRAIL = { guardrailIdentifier: "lighthouse", guardrailVersion: "1" };
const BLOCKED = "The keeper does not talk about birds.";
const ADDRESS = "keeper@example.com";
const LETTER = `Write to ${ADDRESS} before dusk.`;
const VIDEO_MODEL = "amazon.nova-reel-v1:1";
const JOB = {
  modelId: VIDEO_MODEL,
  modelInput: { taskType: "TEXT_VIDEO", textToVideoParams: { text: PROMPT } },
  outputDataConfig: { s3OutputDataConfig: { s3Uri: "s3://lighthouse/videos" } },
};
const SPEECH_MODEL = "amazon.nova-sonic-v1:0";
const AUDIO = { mediaType: "audio/lpcm", sampleRateHertz: 24000, sampleSizeBits: 16, channelCount: 1 };
const SPEECH = Buffer.alloc(640, "tide").toString("base64");
const TURNS = [
  ["spoken", "TEXT", "textInput", PROMPT],
  ["heard", "AUDIO", "audioInput", SPEECH],
];

const client = new sdk.BedrockRuntimeClient();
const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));
const encode = (value) => new TextEncoder().encode(JSON.stringify(value));

async function invokeModel() {
  const { body } = await client.send(new sdk.InvokeModelCommand(INVOKE));
  assert.equal(decode(body).content[0].text, TEXT);
}

async function invokeModelWithResponseStream() {
  const { body } = await client.send(new sdk.InvokeModelWithResponseStreamCommand(INVOKE));
  const chunks = (await Array.fromAsync(body)).map((event) => decode(event.chunk.bytes));
  assert.equal(chunks.map((chunk) => chunk.delta?.text ?? "").join(""), TEXT);
}

async function converse() {
  const { output, stopReason, usage } = await client.send(new sdk.ConverseCommand(CONVERSE));
  assert.deepEqual(output.message, { role: "assistant", content: [{ text: TEXT }] });
  assert.equal(stopReason, "end_turn");
  checkUsage(usage);
  const forced = await client.send(new sdk.ConverseCommand({ ...CONVERSE, toolConfig: TOOLS }));
  const [{ toolUse }] = forced.output.message.content;
  assert.deepEqual([toolUse.name, toolUse.input, forced.stopReason], [TOOL, ARGUMENTS, "tool_use"]);
}

async function converseStream() {
  const events = await eventsOf(CONVERSE);
  assert.equal(deltasOf(events).map((delta) => delta.text).join(""), TEXT);
  checkUsage(events.at(-1).metadata.usage);
  const forced = await eventsOf({ ...CONVERSE, toolConfig: TOOLS });
  const { start } = forced.find((event) => event.contentBlockStart).contentBlockStart;
  const input = deltasOf(forced).map((delta) => delta.toolUse.input).join("");
  assert.deepEqual([start.toolUse.name, JSON.parse(input)], [TOOL, ARGUMENTS]);
}

async function eventsOf(input) {
  return Array.fromAsync((await client.send(new sdk.ConverseStreamCommand(input))).stream);
}

function deltasOf(events) {
  return events.flatMap((event) => event.contentBlockDelta?.delta ?? []);
}

function checkUsage({ inputTokens, outputTokens, totalTokens }) {
  assert.ok(inputTokens > 0 && outputTokens > 0);
  assert.equal(totalTokens, inputTokens + outputTokens);
}

async function countTokens() {
  const input = { converse: { messages: CONVERSE.messages } };
  const { inputTokens } = await client.send(new sdk.CountTokensCommand({ modelId: MODEL, input }));
  const { usage } = await client.send(new sdk.ConverseCommand(CONVERSE));
  assert.equal(inputTokens, usage.inputTokens);
}

async function applyGuardrail() {
  const input = { ...GUARDRAIL, source: "INPUT", content: [{ text: { text: PROMPT } }] };
  const { action, outputs, assessments } = await client.send(new sdk.ApplyGuardrailCommand(input));
  assert.deepEqual([action, outputs], ["GUARDRAIL_INTERVENED", [{ text: BLOCKED }]]);
  assert.equal(assessments[0].wordPolicy.customWords[0].match, "gull");
}

async function invokeGuardrailChecks() {
  const messages = [{ role: "user", content: [{ text: LETTER }] }];
  const checks = { sensitiveInformation: { entities: [{ type: "EMAIL" }] } };
  const { results } = await client.send(new sdk.InvokeGuardrailChecksCommand({ messages, checks }));
  const [{ type, beginOffset, endOffset }] = results.sensitiveInformation.results;
  assert.deepEqual([type, LETTER.slice(beginOffset, endOffset)], ["EMAIL", ADDRESS]);
}

async function startAsyncInvoke() {
  const start = () => client.send(new sdk.StartAsyncInvokeCommand({ ...JOB, clientRequestToken: "dawn" }));
  assert.equal((await start()).invocationArn, (await start()).invocationArn);
}

async function listAsyncInvokes() {
  const pages = await Array.fromAsync(sdk.paginateListAsyncInvokes({ client, pageSize: 1 }, {}));
  const [job, ...more] = pages.flatMap((page) => page.asyncInvokeSummaries);
  assert.deepEqual([job.outputDataConfig, more], [JOB.outputDataConfig, []]);
  return job.invocationArn;
}

async function getAsyncInvoke() {
  const input = { invocationArn: await listAsyncInvokes() };
  const { modelArn, status } = await client.send(new sdk.GetAsyncInvokeCommand(input));
  assert.ok(modelArn.endsWith(`/${VIDEO_MODEL}`) && ["InProgress", "Completed"].includes(status));
}

// Each turn waits for the complete response to the previous turn. The request and the response of the call are therefore
// open at the same time.
async function invokeModelWithBidirectionalStream() {
  const names = [];
  const contents = [];
  let respond = () => {};
  async function* input() {
    const send = (name, members) => ({ chunk: { bytes: encode({ event: { [name]: members } }) } });
    const turn = { promptName: "dawn" };
    yield send("sessionStart", { inferenceConfiguration: { maxTokens: 256 } });
    yield send("promptStart", { ...turn, textOutputConfiguration: { mediaType: "text/plain" }, audioOutputConfiguration: AUDIO });
    for (const [contentName, type, event, content] of TURNS) {
      const responded = new Promise((resolve) => (respond = resolve));
      yield send("contentStart", { ...turn, contentName, type, role: "USER" });
      yield send(event, { ...turn, contentName, content });
      yield send("contentEnd", { ...turn, contentName });
      await responded;
    }
    yield send("promptEnd", turn);
    yield send("sessionEnd", {});
  }
  const call = new sdk.InvokeModelWithBidirectionalStreamCommand({ modelId: SPEECH_MODEL, body: input() });
  for await (const { chunk } of (await client.send(call)).body) {
    const [[name, { content }]] = Object.entries(decode(chunk.bytes).event);
    names.push(name);
    contents.push(...(content ? [[name, content]] : []));
    if (name === "completionEnd") {
      respond();
    }
  }
  const block = (output) => ["contentStart", output, "contentEnd"];
  const completion = (...outputs) => ["completionStart", ...outputs.flatMap(block), "usageEvent", "completionEnd"];
  assert.deepEqual(names, [...completion("textOutput", "audioOutput"), ...completion("audioOutput", "textOutput")]);
  const [text, silence, ...echo] = contents;
  assert.deepEqual(text, ["textOutput", TEXT]);
  assert.match(Buffer.from(silence[1], "base64").toString("hex"), /^0+$/);
  assert.deepEqual(echo, [["audioOutput", SPEECH], ["textOutput", "You sent 640 bytes of audio."]]);
}

const CHECKS = {
  InvokeModel: invokeModel,
  InvokeModelWithResponseStream: invokeModelWithResponseStream,
  Converse: converse,
  ConverseStream: converseStream,
  CountTokens: countTokens,
  ApplyGuardrail: applyGuardrail,
  InvokeGuardrailChecks: invokeGuardrailChecks,
  StartAsyncInvoke: startAsyncInvoke,
  ListAsyncInvokes: listAsyncInvokes,
  GetAsyncInvoke: getAsyncInvoke,
  InvokeModelWithBidirectionalStream: invokeModelWithBidirectionalStream,
};

const operations = process.argv.slice(2);
for (const operation of operations) {
  await CHECKS[operation]();
}
console.log(`JavaScript, operations: ${operations.length} operations`);
client.destroy();
