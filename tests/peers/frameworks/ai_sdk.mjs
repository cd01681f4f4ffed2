// Uses `generateText` and `streamText` of the AI SDK with the provider `@ai-sdk/amazon-bedrock`.

import { createRequire } from "node:module";

import { ARGUMENTS, checkStream, checkUsage, equal, MODEL, PROMPT, TEXT, TOOL } from "../expected.mjs";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const { bedrock } = require("@ai-sdk/amazon-bedrock");
const { generateText, streamText, tool } = require("ai");
const { z } = require("zod");

const model = bedrock(MODEL);
const usageOf = ({ inputTokens, outputTokens, totalTokens }) => [inputTokens, outputTokens, totalTokens];

const { text, usage, finishReason } = await generateText({ model, prompt: PROMPT });
equal("text", text, TEXT);
equal("finish reason", finishReason, "stop");
checkUsage("usage", ...usageOf(usage));

const stream = streamText({ model, prompt: PROMPT, onError: ({ error }) => { throw error; } });
checkStream("stream", await Array.fromAsync(stream.textStream));
checkUsage("stream", ...usageOf(await stream.usage));

const inputSchema = z.object({ city: z.enum(["Oslo", "Lima"]), days: z.number().int().min(3) });
const tools = { [TOOL]: tool({ description: "Reports the weather of the next days.", inputSchema }) };
const toolChoice = { type: "tool", toolName: TOOL };
const calls = (found) => found.map(({ toolName, input }) => ({ toolName, input }));
const forced = await generateText({ model, prompt: PROMPT, tools, toolChoice });
equal("tool call", calls(forced.toolCalls), [{ toolName: TOOL, input: ARGUMENTS }]);
const streamed = streamText({ model, prompt: PROMPT, tools, toolChoice });
equal("streamed tool call", calls(await streamed.toolCalls), [{ toolName: TOOL, input: ARGUMENTS }]);
console.log("@ai-sdk/amazon-bedrock: 7 checks");
