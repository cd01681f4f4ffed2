// Makes the calls of conformance scenarios with the AWS SDK for JavaScript.
//
// Usage: adapter.mjs [--listen PORT]

import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { Readable } from "node:stream";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const sdk = require("@aws-sdk/client-bedrock-runtime");
const { version } = require("@aws-sdk/client-bedrock-runtime/package.json");
const { NodeHttp2Handler, NodeHttpHandler } = require("@smithy/node-http-handler");
const { ConfiguredRetryStrategy } = require("@smithy/core/retry");

const DESCRIPTION = { client: "javascript", version, unreported: [], environment: true };
const ENVIRONMENT = process.env;
const CONNECTION = /^(E[A-Z]+|ERR_HTTP2_.*|ERR_STREAM_PREMATURE_CLOSE|HPE_.*|UND_ERR.*)$/;
const INPUT = /No value provided for input|Region is missing|Invalid Configuration|must be|not supported/;

class Unsupported extends Error {}

/** Replaces a tagged value with bytes or a date. A reviver of `JSON.parse`. */
function untag(_name, value) {
  if (typeof value?.$bytes === "string") return new Uint8Array(Buffer.from(value.$bytes, "base64"));
  if (typeof value?.$time === "string") return new Date(value.$time);
  return value;
}

/** Replaces bytes and dates with tagged values. A replacer of `JSON.stringify`, which sets `this` to the object. */
function tag(name, value) {
  const original = this[name]; // `value` is the result of its method `toJSON`.
  if (original instanceof Uint8Array) return { $bytes: Buffer.from(original).toString("base64") };
  if (original instanceof Date) return { $time: value.replace(".000Z", "Z") };
  return typeof value === "bigint" ? JSON.rawJSON(String(value)) : value;
}

function makeClient(settings) {
  const {
    region, endpoint_url: endpoint, use_fips: useFipsEndpoint, use_dual_stack: useDualstackEndpoint,
    credentials: keys, bearer_token: token,
    max_attempts: maxAttempts, retry_mode: retryMode, max_backoff_ms: maxBackoff,
    timeouts_ms: { connect, read, operation } = {}, ca_file: caFile, http_version: httpVersion, proxy_url: proxy,
    ...others
  } = settings;
  if (operation) throw new Unsupported("the SDK has no timeout for the entire operation");
  if (proxy) throw new Unsupported("the SDK supports proxies only with another package");
  for (const name in others) throw new Unsupported(`the adapter does not know the setting ${name}`);
  const options = { region, endpoint, useFipsEndpoint, useDualstackEndpoint, maxAttempts, retryMode };
  if (keys) {
    const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = keys;
    options.credentials = { accessKeyId, secretAccessKey, sessionToken };
  }
  if (token) {
    options.token = { token };
    options.authSchemePreference = ["httpBearerAuth"];
  }
  if (maxBackoff && retryMode !== "adaptive") {
    const backoff = (attempt) => Math.min(100 * 2 ** attempt, maxBackoff);
    options.retryStrategy = new ConfiguredRetryStrategy(maxAttempts ?? 3, backoff);
  }
  const handler = { connectionTimeout: connect, requestTimeout: read, socketTimeout: read };
  const ca = caFile && readFileSync(caFile);
  const isHttp1 = httpVersion === "1.1" || connect; // Only the handler for HTTP/1.1 has a connect timeout.
  options.requestHandler = isHttp1
    ? new NodeHttpHandler({ ...handler, httpsAgent: ca && new Agent({ ca }) })
    : new NodeHttp2Handler({ ...handler, nodeHttp2ConnectOptions: ca && { ca } });
  return new sdk.BedrockRuntimeClient(options);
}

function describe(error, inStream) {
  const { name, message, $metadata: metadata, $response: response } = error;
  const code = error.code ?? error.cause?.code;
  // An error frame of a stream is a plain `Error` whose name is the error code.
  const isErrorFrame = error.constructor === Error && !/^(Error|TimeoutError|AbortError)$/.test(name);
  const fault = {
    class: "other",
    type: name,
    message: String(message),
    code: error.$fault || isErrorFrame ? name : undefined,
    status: metadata?.httpStatusCode ?? response?.statusCode,
    request_id: metadata?.requestId,
  };
  // The SDK also uses the name `TimeoutError` if the connection was reset.
  if (code === "ECONNRESET" || code === "EPIPE") fault.class = "connection";
  else if (name === "TimeoutError" || code === "ETIMEDOUT") fault.class = "timeout";
  else if (CONNECTION.test(code)) fault.class = "connection";
  else if (isErrorFrame || inStream) fault.class = "stream";
  else if (error.$fault) fault.class = "service";
  else if (/Credentials|TokenProvider/.test(name) || /credential/i.test(message)) fault.class = "credentials";
  else if (response || error instanceof SyntaxError) fault.class = "response";
  else if (INPUT.test(message)) fault.class = "input";
  return fault;
}

async function run({ operation, input, settings, cancel }) {
  const result = {};
  const abort = new AbortController();
  let client;
  try {
    client = makeClient(settings);
    if (operation === "InvokeModelWithBidirectionalStream") input.body = Readable.from(input.body ?? []);
    if (cancel?.after_ms !== undefined) setTimeout(() => abort.abort(), cancel.after_ms).unref();
    const command = new sdk[`${operation}Command`](input);
    const { $metadata, ...output } = await client.send(command, { abortSignal: abort.signal });
    const [name, stream] = Object.entries(output).find(([, value]) => value?.[Symbol.asyncIterator]) ?? [];
    delete output[name];
    result.output = output;
    if (stream) result.events = [];
    for await (const event of stream ?? []) {
      result.events.push(event);
      if (result.events.length === cancel?.after_events) {
        abort.abort();
        return { cancelled: true };
      }
    }
    return result;
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.message };
    if (abort.signal.aborted) return { cancelled: true };
    return { ...result, error: describe(error, "events" in result) };
  } finally {
    client?.destroy();
  }
}

async function serve(input, output) {
  let rest = "";
  // `readline` would also end lines at U+2028, which JSON does not escape.
  for await (const text of input.setEncoding("utf8")) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const request = JSON.parse(line, untag);
      const variables = Object.entries({ ...ENVIRONMENT, ...request.environment });
      process.env = Object.fromEntries(variables.filter(([, value]) => value !== null));
      const response = "kit" in request ? DESCRIPTION : await run(request);
      output.write(`${JSON.stringify(response, tag)}\n`);
    }
  }
}

if (process.argv[2] === "--listen") {
  createServer((socket) => serve(socket, socket)).listen(Number(process.argv[3]), "127.0.0.1");
} else {
  console.log = console.info = console.debug = console.error; // The SDK may print to standard output.
  await serve(process.stdin, process.stdout);
}
