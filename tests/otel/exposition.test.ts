/** What is scraped is what the formats allow, at any moment, whatever clients send. */
import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { gatewayYaml } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { freePort } from "../support/ports.ts";
import { startUpstream } from "../support/upstream.ts";
import { checkExposition } from "./exposition.ts";

const openMetrics = "application/openmetrics-text";
/** As Prometheus asks. */
const preferences = `${openMetrics};version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2`;

describe("checkExposition finds", () => {
  const head = "# HELP a_seconds b\n# TYPE a_seconds histogram\n";
  const rows: [what: string, text: string, complaint: string][] = [
    [
      "buckets that fall",
      `${head}a_seconds_bucket{le="1"} 2\na_seconds_bucket{le="+Inf"} 1\na_seconds_sum{} 1\na_seconds_count{} 1\n`,
      "buckets do not rise",
    ],
    [
      "a count that is another",
      `${head}a_seconds_bucket{le="+Inf"} 1\na_seconds_sum{} 1\na_seconds_count{} 2\n`,
      "the last bucket is not the count",
    ],
    ["a series twice", '# HELP a b\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n', "a series twice"],
    ["an open quote", '# HELP a b\n# TYPE a gauge\na{b="c} 1\n', "no sample"],
    ["a sample of no family", "a{} 1\n", "not of its family"],
  ];
  test.each(rows)("%s", (_, text, complaint) => {
    expect(checkExposition(text, false).join()).toContain(complaint);
  });
});

test("scrapes under load are sound in either format, and 10,000 models are cut with one warning", async () => {
  using upstream = startUpstream({
    model: "acme",
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 3 },
  });
  const config = gatewayYaml({ port: freePort(), backends: [{ name: "acme", url: upstream.url }] });
  await using gateway = await startGateway({ config, flags: ["--engine", "embedded"] });
  const models = Array.from({ length: 10_000 }, (_, index) => `m-${index} "\\`);
  let next = 0;
  const client = async () => {
    for (let model = models[next++]; model !== undefined; model = models[next++]) {
      const body = JSON.stringify({ model, messages: [] });
      const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body });
      await response.arrayBuffer();
    }
  };
  const scrape = async (accept: string) => {
    const response = await fetch(`${gateway.adminUrl}/metrics`, { headers: { accept } });
    const isOpenMetrics = response.headers.get("content-type")?.startsWith(openMetrics) ?? false;
    const text = await response.text();
    return { isOpenMetrics, text, complaints: checkExposition(text, isOpenMetrics) };
  };
  const load = Promise.all(Array.from({ length: 16 }, client));
  for (const until = load.then(() => true); !(await Promise.race([until, Bun.sleep(1500)])); ) {
    expect((await scrape("*/*")).complaints).toEqual([]);
    expect(await scrape(preferences)).toMatchObject({ isOpenMetrics: true, complaints: [] });
  }
  const { text, isOpenMetrics } = await scrape("text/plain");
  expect(isOpenMetrics).toBe(false);
  const counts = [...text.matchAll(/^gen_ai_server_request_duration_seconds_count\{.*\} (\d+)$/gm)];
  expect(counts.length).toBeLessThanOrEqual(2001);
  expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(10_000);
  expect(gateway.stderr().match(/Too many label sets/g)).toHaveLength(1);
  const zipped = await fetch(`${gateway.adminUrl}/metrics`, {
    headers: { "accept-encoding": "gzip" },
    decompress: false,
  });
  expect(gunzipSync(await zipped.arrayBuffer()).toString()).toContain("target_info{");
}, 60_000);
