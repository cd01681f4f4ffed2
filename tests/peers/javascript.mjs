// Makes calls with the published AWS SDK for JavaScript. Reads a JSON array of calls from standard input, and prints
// their results. `clients.py` describes the results; bytes are in base64. The Python scripts check the results.

import { createRequire } from "node:module";
import { json } from "node:stream/consumers";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const sdk = require("@aws-sdk/client-bedrock-runtime");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

// The default handler uses HTTP/2, which the server of `replay.py` does not support.
const requestHandler = process.env.PEERS_HTTP1 ? new NodeHttpHandler() : undefined;
const client = new sdk.BedrockRuntimeClient({ requestHandler });

async function result({ operation, input }) {
  const found = { output: null, parts: [], failure: null };
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
    found.failure = failure(error);
  }
  return found;
}

function failure(error) {
  const { name, message, $metadata } = error;
  if (!(error instanceof sdk.BedrockRuntimeServiceException)) {
    return { class: error.constructor.name, message };
  }
  // `members` omits the properties that all errors of the SDK have.
  const isModeled = error.constructor === sdk[name];
  const members = Object.entries(error).filter(([key]) => !key.startsWith("$") && key !== "name");
  return {
    class: isModeled ? name : error.constructor.name,
    code: name,
    status: $metadata?.httpStatusCode ?? null, // an error in a stream has no status
    message,
    members: isModeled ? { message, ...Object.fromEntries(members) } : {},
  };
}

const results = [];
for (const call of await json(process.stdin)) {
  results.push(await result(call));
}
console.log(JSON.stringify(results));
// Closes the connections. A failed stream is not read completely, so its connection would keep this process running.
client.destroy();
