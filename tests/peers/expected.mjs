// The values of `frameworks/expected.py` for the programs in JavaScript, and the schema of the tool.

import assert from "node:assert/strict";

export const MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0";
export const PROMPT = "Describe a lighthouse at dawn, in words that a keeper would use: fog, lamp, tide, gull, horn.";
export const TEXT = `You said: ${PROMPT}`;
export const TOOL = "Weather";
export const SCHEMA = {
  type: "object",
  properties: { city: { enum: ["Oslo", "Lima"] }, days: { type: "integer", minimum: 3 } },
  required: ["city", "days"],
};
export const ARGUMENTS = { city: "Oslo", days: 3 };

// A text that arrives in fewer pieces was not streamed.
const FEW = 4;

export function equal(name, found, expected) {
  // Compare parsed copies, because `deepEqual` also compares prototypes, and the copies have plain prototypes.
  assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(expected)), name);
}

export function checkUsage(name, input, output, total) {
  assert.ok(input > 0 && output > 0, `${name}: ${input} input tokens and ${output} output tokens`);
  equal(`${name}, total tokens`, total, input + output);
}

export function checkStream(name, pieces) {
  const texts = pieces.filter(Boolean);
  equal(`${name}, text`, texts.join(""), TEXT);
  assert.ok(texts.length > FEW, `${name} arrived in ${texts.length} pieces`);
}
