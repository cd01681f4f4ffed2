// Opens the page of the local endpoint in headless Chromium, and checks that it shows calls as they arrive.
//
// `invoke-model serve` starts this script with the variables of the endpoint. The first argument is the path of
// `invoke-model`, and the second argument is the folder of the packages.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const [invokeModel, folder] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const { default: packaged } = await import(pathToFileURL(require.resolve("@sparticuz/chromium")));
const { chromium } = require("playwright-core");

const origin = process.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME;
const EMBEDDING = "amazon.titan-embed-text-v2:0";
const LLAMA = "meta.llama3-8b-instruct-v1:0";
const SCRIPT = "<img src=x onerror=document.title=1>";

// Runs `invoke-model invoke`. Ignores the exit code, because some calls are wrong on purpose.
async function invoke(modelId, body, options = [], environment = {}) {
  const words = ["invoke", "--model-id", modelId, "--body", JSON.stringify(body), ...options];
  await promisify(execFile)(invokeModel, words, { env: { ...process.env, ...environment } }).catch(() => {});
}

const browser = await chromium.launch({
  executablePath: await packaged.executablePath(),
  args: packaged.args.filter((argument) => !argument.startsWith("--headless")),
});
const page = await browser.newPage();
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
page.on("request", (request) => {
  if (!request.url().startsWith(`${origin}/_local/`)) problems.push(`request to ${request.url()}`);
});

// Waits until a row has exactly these texts in these columns.
async function waitForRow(expected) {
  await page.waitForFunction(
    (expected) => [...document.querySelectorAll("tr.call")].some((row) =>
      Object.entries(expected).every(([column, text]) => row.children[column].textContent === text)),
    expected,
  );
}

const [NUMBER, , OPERATION, MODEL, STATUS, SIGNATURE, TOKENS_IN, TOKENS_OUT, EVENTS] = Array(11).keys();

await page.goto(`${origin}/_local/`);
await page.locator("#empty").waitFor({ state: "visible" });

await invoke(EMBEDDING, { inputText: "hello" });
await waitForRow({
  [NUMBER]: "1", [OPERATION]: "InvokeModel", [MODEL]: EMBEDDING, [STATUS]: "200", [SIGNATURE]: "valid",
  [TOKENS_IN]: "1", [TOKENS_OUT]: "0", [EVENTS]: "",
});
assert.equal(await page.locator("#empty").isVisible(), false);

// The endpoint delays each event, so the page shows the stream while it is sent.
const stream = invoke(LLAMA, { prompt: "hello" }, ["--stream"]);
await page.waitForFunction(() => document.body.textContent.includes("in progress"));
await stream;
await waitForRow({ [NUMBER]: "2", [OPERATION]: "InvokeModelWithResponseStream", [EVENTS]: "5 finished" });

await invoke(EMBEDDING, { inputText: "hello" }, [], { AWS_SECRET_ACCESS_KEY: "wrong" });
await waitForRow({ [NUMBER]: "3", [STATUS]: "403 InvalidSignatureException", [SIGNATURE]: "rejected" });
await fetch(`${origin}/model/${encodeURIComponent(SCRIPT)}/invoke`, { method: "POST", body: "{}" });
await waitForRow({ [NUMBER]: "4", [MODEL]: SCRIPT, [SIGNATURE]: "rejected" });
assert.equal(await page.locator("img").count(), 0, "texts of calls must not be parsed as HTML");

// The Enter key opens and closes the explanation of a rejected signature.
const button = page.getByRole("button", { name: "3", exact: true });
assert.equal(await button.getAttribute("aria-expanded"), "false");
await button.focus();
await page.keyboard.press("Enter");
assert.equal(await button.getAttribute("aria-expanded"), "true");
const details = page.locator("#details-3");
assert.ok(await details.isVisible());
const explanation = await details.textContent();
assert.match(explanation, /Canonical request computed by the verifier/);
assert.match(explanation, /the client used another secret access key/);
assert.match(explanation, /authorization: \[redacted\]/);
assert.doesNotMatch(explanation, /Credential=|Signature=/i);
await page.keyboard.press("Enter");
assert.equal(await details.isVisible(), false);

const visible = () => page.locator("tr.call:visible").count();
assert.equal(await visible(), 4);
await page.getByLabel("Filter").fill("rejected invokemodel");
assert.equal(await visible(), 2);
await page.getByLabel("Filter").fill("no such call");
assert.equal(await visible(), 0);
await page.getByLabel("Filter").fill("");

const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
await page.emulateMedia({ colorScheme: "light" });
assert.equal(await background(), "rgb(255, 255, 255)");
await page.emulateMedia({ colorScheme: "dark" });
assert.equal(await background(), "rgb(13, 17, 23)");

await page.getByRole("button", { name: "Clear records" }).click();
await page.locator("#empty").waitFor({ state: "visible" });
assert.equal(await visible(), 0);
await invoke(EMBEDDING, { inputText: "hello" });
await waitForRow({ [NUMBER]: "5", [STATUS]: "200" });

assert.deepEqual(problems, []);
await browser.close();
