// Makes the calls of conformance scenarios with the AWS SDK for JavaScript.
//
// Usage: adapter.mjs [--listen PORT]

import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { createRequire } from "node:module";
import { createServer } from "node:net";

// Use `require` to load the packages, because `require` reads NODE_PATH and `import` does not.
const require = createRequire(import.meta.url);
const sdk = require("@aws-sdk/client-bedrock-runtime");
const { version } = require("@aws-sdk/client-bedrock-runtime/package.json");
const { NodeHttp2Handler, NodeHttpHandler } = require("@smithy/node-http-handler");
const { ConfiguredRetryStrategy } = require("@smithy/core/retry");

const DESCRIPTION = { client: "javascript", version, unreported: [], environment: true };

class Unsupported extends Error {}

const CONNECTION = /^(E[A-Z]+|ERR_HTTP2_.*|ERR_STREAM_PREMATURE_CLOSE|HPE_.*|UND_ERR.*)$/;

const isOnly = (value, name) => Object.keys(value).length === 1 && name in value;

/** Replaces tagged values with bytes and dates. */
function untagged(value) {
  if (Array.isArray(value)) return value.map(untagged);
  if (value === null || typeof value !== "object") return value;
  if (isOnly(value, "$bytes")) return new Uint8Array(Buffer.from(value.$bytes, "base64"));
  if (isOnly(value, "$time")) return new Date(value.$time);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, untagged(item)]));
}

/** Replaces bytes and dates with tagged values. Omits members that are undefined or functions. */
function tagged(value) {
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (typeof value === "bigint") return JSON.rawJSON(String(value));
  if (value instanceof Date) return { $time: value.toISOString().replace(".000Z", "Z") };
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== "function");
  return Object.fromEntries(members.map(([name, item]) => [name, tagged(item)]));
}

function makeClient(settings) {
  const options = {};
  const handler = {};
  let http1 = false;
  let ca;
  for (const [name, value] of Object.entries(settings)) {
    if (name === "endpoint_url") options.endpoint = value;
    else if (name === "region") options.region = value;
    else if (name === "use_fips") options.useFipsEndpoint = value;
    else if (name === "use_dual_stack") options.useDualstackEndpoint = value;
    else if (name === "credentials")
      options.credentials = {
        accessKeyId: value.access_key_id,
        secretAccessKey: value.secret_access_key,
        sessionToken: value.session_token,
      };
    else if (name === "bearer_token") {
      options.token = { token: value };
      options.authSchemePreference = ["httpBearerAuth"];
    } else if (name === "max_attempts") options.maxAttempts = value;
    else if (name === "retry_mode") options.retryMode = value;
    else if (name === "timeouts_ms") {
      if ("operation" in value) throw new Unsupported("the SDK has no timeout for the entire operation");
      if ("connect" in value) [http1, handler.connectionTimeout] = [true, value.connect];
      if ("read" in value) [handler.requestTimeout, handler.socketTimeout] = [value.read, value.read];
    } else if (name === "proxy_url") throw new Unsupported("the SDK supports proxies only with another package");
    else if (name === "ca_file") ca = readFileSync(value);
    else if (name === "http_version") http1 = value === "1.1";
    else if (name !== "max_backoff_ms") throw new Unsupported(`the adapter does not know the setting ${name}`);
  }
  if (settings.max_backoff_ms && settings.retry_mode !== "adaptive") {
    const backoff = (attempt) => Math.min(100 * 2 ** attempt, settings.max_backoff_ms);
    options.retryStrategy = new ConfiguredRetryStrategy(settings.max_attempts ?? 3, backoff);
  }
  if (ca && http1) handler.httpsAgent = new Agent({ ca });
  else if (ca) handler.nodeHttp2ConnectOptions = { ca };
  options.requestHandler = http1 ? new NodeHttpHandler(handler) : new NodeHttp2Handler(handler);
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
  else if (isErrorFrame) fault.class = "stream";
  else if (inStream) fault.class = CONNECTION.test(code) ? "connection" : "stream";
  else if (error.$fault) fault.class = "service";
  else if (CONNECTION.test(code)) fault.class = "connection";
  else if (/Credentials|TokenProvider/.test(name) || /credential/i.test(message)) fault.class = "credentials";
  else if (response || error instanceof SyntaxError) fault.class = "response";
  else if (/No value provided for input|Region is missing|Invalid Configuration|must be|not supported/.test(message)) fault.class = "input";
  return tagged(fault);
}

/** Sets environment variables, and removes those whose value is null. Returns their previous values. */
function setEnvironment(variables) {
  const previous = {};
  for (const [name, value] of Object.entries(variables)) {
    previous[name] = process.env[name] ?? null;
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
  return previous;
}

async function run({ operation, input, settings, cancel }) {
  const result = {};
  const abort = new AbortController();
  const Command = sdk[`${operation}Command`];
  let client, events, timer;
  try {
    client = makeClient(settings);
    const values = untagged(input);
    if (operation === "InvokeModelWithBidirectionalStream") {
      const parts = values.body ?? [];
      values.body = (async function* () {
        yield* parts;
      })();
    }
    if (cancel?.after_ms !== undefined) timer = setTimeout(() => abort.abort(), cancel.after_ms);
    const { $metadata, ...output } = await client.send(new Command(values), { abortSignal: abort.signal });
    const stream = Object.keys(output).find((name) => output[name]?.[Symbol.asyncIterator] && !(output[name] instanceof Uint8Array));
    if (stream) {
      events = output[stream];
      delete output[stream];
    }
    // The SDK returns null for an empty body.
    const isSet = ([, value]) => value !== null;
    result.output = tagged(Object.fromEntries(Object.entries(output).filter(isSet)));
    if (events) {
      result.events = [];
      for await (const event of events) {
        result.events.push(tagged(event));
        if (result.events.length === cancel?.after_events) {
          abort.abort();
          client.destroy();
          return { cancelled: true };
        }
      }
    }
    return result;
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.message };
    if (abort.signal.aborted) return { cancelled: true };
    return { ...result, error: describe(error, events !== undefined) };
  } finally {
    clearTimeout(timer);
    client?.destroy();
  }
}

async function serve(input, output) {
  let rest = "";
  // `readline` would also end lines at U+2028, which JSON does not escape.
  for await (const text of input.setEncoding("utf8")) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const request of lines.map((line) => JSON.parse(line))) {
      const previous = setEnvironment(request.environment ?? {});
      const response = "kit" in request ? DESCRIPTION : await run(request);
      setEnvironment(previous);
      output.write(`${JSON.stringify(response)}\n`);
    }
  }
}

if (process.argv[2] === "--listen") {
  createServer((socket) => serve(socket, socket)).listen(Number(process.argv[3]), "127.0.0.1");
} else {
  // The SDK may print to standard output.
  console.log = console.info = console.debug = console.error;
  await serve(process.stdin, process.stdout);
}
