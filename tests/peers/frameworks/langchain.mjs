// Uses `ChatBedrockConverse` of `@langchain/aws`, which uses the default HTTP/2 handler of the AWS SDK.

import { createRequire } from "node:module";

import { ARGUMENTS, checkStream, checkUsage, equal, MODEL, PROMPT, TEXT, TOOL } from "../expected.mjs";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const { ChatBedrockConverse } = require("@langchain/aws");
const { z } = require("zod");

const chat = new ChatBedrockConverse({ model: MODEL });
const usageOf = ({ input_tokens, output_tokens, total_tokens }) => [input_tokens, output_tokens, total_tokens];

const message = await chat.invoke(PROMPT);
equal("text", message.text, TEXT);
checkUsage("usage", ...usageOf(message.usage_metadata));

const chunks = await Array.fromAsync(await chat.stream(PROMPT));
checkStream("stream", chunks.map((chunk) => chunk.text));
const whole = chunks.reduce((before, chunk) => before.concat(chunk));
checkUsage("stream", ...usageOf(whole.usage_metadata));

const schema = z.object({ city: z.enum(["Oslo", "Lima"]), days: z.number().int().min(3) });
const tool = { name: TOOL, description: "Reports the weather of the next days.", schema };
const forced = await chat.bindTools([tool], { tool_choice: TOOL }).invoke(PROMPT);
equal("tool call", forced.tool_calls.map(({ name, args }) => ({ name, args })), [{ name: TOOL, args: ARGUMENTS }]);
equal("structured output", await chat.withStructuredOutput(schema, { name: TOOL }).invoke(PROMPT), ARGUMENTS);
console.log("@langchain/aws: 6 checks");
