// Shows the calls of the endpoint. All texts of calls are set with `textContent`, so they are never parsed as
// HTML.
"use strict";

// The number of calls that the page keeps.
const LIMIT = 1000;
const INTERVAL = 1000;

const calls = new Map();
const rows = new Map();
const opened = new Set();
const byId = (id) => document.getElementById(id);

function milliseconds(value) {
  return value === null ? "" : `${value} ms`;
}

function eventsOf(call) {
  if (call.stream === null) return "";
  return `${call.stream.events} ${call.stream.end ?? "in progress"}`;
}

function statusOf(call) {
  const status = call.status === 0 ? "no response" : String(call.status);
  return call.error_code === null ? status : `${status} ${call.error_code}`;
}

function isBad(call) {
  return call.status < 200 || call.status >= 400;
}

// Returns the text and the CSS class of each cell of a call.
function cellsOf(call) {
  const rejected = call.signature === "rejected";
  return [
    [call.time === null ? "" : call.time.replace("T", " ").replace(/(\.\d+)?Z$/, ""), ""],
    [call.operation ?? `${call.method} ${call.target}`, ""],
    [call.model_id ?? "", "model"],
    [statusOf(call), isBad(call) ? "bad" : "good"],
    [call.signature.replace("_", " "), rejected ? "bad" : call.signature === "valid" ? "good" : ""],
    [call.input_tokens ?? "", ""],
    [call.output_tokens ?? "", ""],
    [eventsOf(call), call.stream?.end === "broken" ? "bad" : ""],
    [milliseconds(call.first_byte_ms), ""],
    [call.duration_ms === null ? "in progress" : milliseconds(call.duration_ms), ""],
  ];
}

function detailsOf(call) {
  const lines = [];
  if (call.signature_error !== null) lines.push(call.signature_error, "");
  lines.push(
    `${call.method} ${call.target}`,
    `request id    ${call.request_id}`,
    `connection    ${call.connection_id}`,
    `request body  ${call.body_length} bytes`,
    `response      ${call.bytes_sent} bytes, ${call.response_complete ? "complete" : "not complete"}`,
    `worked on     ${call.worked_on ? "yes: the service would bill this call" : "no"}`,
    "",
  );
  for (const [name, value] of Object.entries(call.headers)) lines.push(`${name}: ${value}`);
  return lines.join("\n");
}

function element(name, text, className) {
  const created = document.createElement(name);
  created.textContent = text;
  if (className) created.className = className;
  return created;
}

// Creates the two rows of a call: its cells, and its details.
function createRows(number) {
  const row = element("tr", "", "call");
  const details = element("tr", "", "details");
  details.id = `details-${number}`;
  const button = element("button", String(number));
  button.type = "button";
  button.setAttribute("aria-controls", details.id);
  const toggle = () => {
    if (!opened.delete(number)) opened.add(number);
    update(number);
  };
  row.addEventListener("click", toggle);
  const first = element("td", "");
  first.append(button);
  row.append(first);
  for (let index = 0; index < 10; index += 1) row.append(element("td", ""));
  const cell = element("td", "");
  cell.colSpan = 11;
  cell.append(element("pre", ""));
  details.append(cell);
  rows.set(number, { row, details, button });
  byId("calls").prepend(row, details);
}

// Writes a call to its rows.
function update(number) {
  if (!rows.has(number)) createRows(number);
  const call = calls.get(number);
  const { row, details, button } = rows.get(number);
  cellsOf(call).forEach(([text, className], index) => {
    const cell = row.children[index + 1];
    cell.textContent = text;
    cell.className = className;
  });
  const filter = byId("filter").value.trim().toLowerCase();
  const text = `${row.textContent} ${call.request_id}`.toLowerCase();
  row.hidden = !filter.split(/\s+/).every((word) => text.includes(word));
  const isOpen = opened.has(number);
  details.hidden = row.hidden || !isOpen;
  button.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) details.querySelector("pre").textContent = detailsOf(call);
}

function remove(number) {
  const { row, details } = rows.get(number);
  row.remove();
  details.remove();
  rows.delete(number);
  calls.delete(number);
  opened.delete(number);
}

function showStatus(problem) {
  const visible = [...rows.values()].filter(({ row }) => !row.hidden).length;
  byId("status").textContent = problem ?? `${calls.size} calls, ${visible} shown`;
  byId("status").className = problem ? "bad" : "";
  byId("empty").hidden = calls.size > 0;
}

// Returns the number before the first call that is still in progress. Only calls after this number can be new
// or change.
function lastFinished() {
  let last = 0;
  for (const call of calls.values()) {
    if (call.duration_ms === null) return call.number - 1;
    last = call.number;
  }
  return last;
}

async function poll() {
  try {
    const response = await fetch(`calls?after=${lastFinished()}&limit=${LIMIT}`, { cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const records = await response.json();
    // If the endpoint was restarted, the numbers begin again at 1.
    if (records.last < lastFinished()) return reset();
    for (const call of records.calls) {
      calls.set(call.number, call);
      update(call.number);
    }
    for (const number of [...calls.keys()].slice(0, Math.max(0, calls.size - LIMIT))) remove(number);
    showStatus(null);
  } catch (error) {
    showStatus(`The endpoint does not respond: ${error.message}`);
  }
}

function reset() {
  for (const number of [...calls.keys()]) remove(number);
  return poll();
}

async function run() {
  if (byId("follow").checked && !document.hidden) await poll();
  setTimeout(run, INTERVAL);
}

byId("filter").addEventListener("input", () => {
  for (const number of calls.keys()) update(number);
  showStatus(null);
});

byId("clear").addEventListener("click", async () => {
  await fetch("calls", { method: "DELETE" });
  await reset();
});

run();
