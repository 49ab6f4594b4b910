import { describe, expect, test } from "bun:test";
import { ConfigFailure } from "../world.ts";
import { parseBaseUrl } from "./base-url.ts";

const read: readonly (readonly [url: string, want: string])[] = [
  ["http://127.0.0.1:11434/v1", "ip 127.0.0.1 11434 plain v1"],
  ["http://localhost:8321/v1/openai/v1", "name localhost 8321 plain v1/openai/v1"],
  ["https://openrouter.ai/api/v1", "name openrouter.ai 443 tls api/v1"],
  ["https://api.example.com/", "name api.example.com 443 tls "],
  ["https://api.example.com", "name api.example.com 443 tls "],
  ["http://api.example.com/v1/", "name api.example.com 80 plain v1"],
  ["  HTTPS://API.Example.COM/V1  ", "name api.example.com 443 tls V1"],
  ["https://host:/v1", "name host 443 tls v1"],
  ["https://host:8443//a//b//", "name host 8443 tls a//b"],
  ["http://host/a%20b", "name host 80 plain a b"],
  ["http://[::1]:8080/v1", "ip ::1 8080 plain v1"],
  ["http://[FE80::1%25eth0]/v1", "ip fe80::1%eth0 80 plain v1"],
];

test.each(read)("parseBaseUrl reads %j as %j", (url, want) => {
  const { host, isIp, port, isTls, path, dropped } = parseBaseUrl("OPENAI_BASE_URL", url);
  expect(`${isIp ? "ip" : "name"} ${host} ${port} ${isTls ? "tls" : "plain"} ${path}`).toBe(want);
  expect(dropped).toEqual([]);
});

test("parseBaseUrl drops what means nothing, and says so", () => {
  const { host, dropped } = parseBaseUrl("OPENAI_BASE_URL", "https://user:pass@host/v1?a=b#c");
  expect({ host, dropped }).toEqual({
    host: "host",
    dropped: ["user information", "the query", "the fragment"],
  });
});

describe("parseBaseUrl refuses", () => {
  const refused: readonly (readonly [url: string, message: string])[] = [
    ["localhost:11434/v1", "has no scheme; put http:// or https:// in front"],
    ["127.0.0.1:11434/v1", "has no scheme; put http:// or https:// in front"],
    ["api.openai.com/v1", "has no scheme; put http:// or https:// in front"],
    ["::::", "has no scheme; put http:// or https:// in front"],
    ["ftp://x", 'has the scheme "ftp"; use http or https'],
    ["http://", "has no host"],
    ["http:///v1", "has no host"],
    ["http://[]/v1", "has no host"],
    ["http://a b/v1", 'has the host "a b", which is neither a name nor an address'],
    ["http://[1.2.3.4]/v1", 'has the host "[1.2.3.4]", which is neither a name nor an address'],
    ["http://host:0/", "has the port 0; ports are 1 to 65535"],
    ["http://host:65536/", "has the port 65536; ports are 1 to 65535"],
    ["http://host:http/", "has something other than a host and a port behind the scheme"],
    ["http://host/%zz", "has a path with a broken % escape"],
  ];
  test.each(refused)("%j: %s", (url, message) => {
    const failure = new ConfigFailure(`OPENAI_BASE_URL: ${JSON.stringify(url)} ${message}`);
    expect(() => parseBaseUrl("OPENAI_BASE_URL", url)).toThrow(failure);
  });

  test("without showing a password", () => {
    expect(() => parseBaseUrl("X", "ftp://user:pass@host/v1")).toThrow(
      'X: "ftp://[REDACTED]@host/v1" has the scheme',
    );
  });
});
