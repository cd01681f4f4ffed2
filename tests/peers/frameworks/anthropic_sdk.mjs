// Calls InvokeModel and InvokeModelWithResponseStream with `@anthropic-ai/bedrock-sdk`, and checks the responses.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { ARGUMENTS, MODEL, PROMPT, SCHEMA, TEXT } from "../expected.mjs";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const { AnthropicBedrock } = require("@anthropic-ai/bedrock-sdk");

const REQUEST = { model: MODEL, max_tokens: 256, messages: [{ role: "user", content: PROMPT }] };
const TOOL = { name: "weather", input_schema: SCHEMA };
const FORCED = { ...REQUEST, tools: [TOOL], tool_choice: { type: "tool", name: TOOL.name } };

const { messages } = new AnthropicBedrock({ maxRetries: 0 });

function checkText({ content, stop_reason, usage }) {
  assert.deepEqual([content[0].text, stop_reason], [TEXT, "end_turn"]);
  assert.ok(usage.input_tokens > 0 && usage.output_tokens > 0);
}

function checkToolCall({ content: [use], stop_reason }) {
  assert.deepEqual([use.type, use.name, use.input, stop_reason], ["tool_use", TOOL.name, ARGUMENTS, "tool_use"]);
}

checkText(await messages.create(REQUEST));
const events = await Array.fromAsync(await messages.create({ ...REQUEST, stream: true }));
const pieces = events.map((event) => event.delta?.text ?? "");
assert.equal(pieces.join(""), TEXT);
checkText(await messages.stream(REQUEST).finalMessage());
checkToolCall(await messages.create(FORCED));
checkToolCall(await messages.stream(FORCED).finalMessage());
console.log("anthropic, JavaScript: 5 checks");
