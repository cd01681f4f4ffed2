// The AWS SDK for JavaScript, as it is published. Reads a JSON array of calls from standard input and prints what came
// of each; `clients.py` says in which form. Bytes are base64. It expects nothing: what must come is said there.

import { createRequire } from "node:module";
import { json } from "node:stream/consumers";

// Unlike `import`, this looks where NODE_PATH says.
const require = createRequire(import.meta.url);
const sdk = require("@aws-sdk/client-bedrock-runtime");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

// Without a choice, this client speaks HTTP/2, which the endpoint does not.
const client = new sdk.BedrockRuntimeClient({ requestHandler: new NodeHttpHandler() });

async function answer({ operation, input }) {
  const found = { output: null, parts: [], refusal: null };
  try {
    const command = new sdk[`${operation}Command`]({ ...input, body: Buffer.from(input.body, "base64") });
    const { body, $metadata, ...output } = await client.send(command);
    if (!$metadata.requestId) {
      throw new Error("no request id");
    }
    found.output = output;
    const events = body instanceof Uint8Array ? [{ chunk: { bytes: body } }] : body;
    for await (const event of events) {
      found.parts.push(Buffer.from(event.chunk.bytes).toString("base64"));
    }
  } catch (error) {
    found.refusal = refusal(error);
  }
  return found;
}

function refusal(error) {
  const { name, message, $metadata } = error;
  if (!(error instanceof sdk.BedrockRuntimeServiceException)) {
    return { class: error.constructor.name, message };
  }
  // What a program tells errors apart by, and reads of them: other properties are of all errors of the SDK.
  const isModelled = error.constructor === sdk[name];
  const members = Object.entries(error).filter(([key]) => !key.startsWith("$") && key !== "name");
  return {
    class: isModelled ? name : error.constructor.name,
    code: name,
    status: $metadata?.httpStatusCode ?? null, // none in a stream
    message,
    members: isModelled ? { message, ...Object.fromEntries(members) } : {},
  };
}

const answers = [];
for (const call of await json(process.stdin)) {
  answers.push(await answer(call));
}
console.log(JSON.stringify(answers));
// The rest of a stream that failed is never read, and would keep this program waiting.
client.destroy();
