// Calls InvokeModel and InvokeModelWithResponseStream with `@anthropic-ai/bedrock-sdk`, and checks the responses.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const { AnthropicBedrock } = require("@anthropic-ai/bedrock-sdk");

const PROMPT = "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn.";
const TEXT = `You said: ${PROMPT}`;
const REQUEST = {
  model: "anthropic.claude-haiku-4-5-20251001-v1:0",
  max_tokens: 256,
  messages: [{ role: "user", content: PROMPT }],
};
const TOOL = {
  name: "weather",
  input_schema: {
    type: "object",
    properties: { city: { enum: ["Oslo", "Lima"] }, days: { type: "integer", minimum: 3 } },
    required: ["city", "days"],
  },
};
const FORCED = { ...REQUEST, tools: [TOOL], tool_choice: { type: "tool", name: TOOL.name } };
const ARGUMENTS = { city: "Oslo", days: 3 };

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
