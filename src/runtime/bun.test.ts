import { expect, test } from "bun:test";
import { createBunRuntime, startUpSettings } from "./bun.ts";
import { runtimeCases } from "./testing.ts";

test.each(runtimeCases)("Bun $name", ({ check }) => check(createBunRuntime()));

const settings: {
  name: string;
  environment: { [name: string]: string };
  want: { [name: string]: string };
}[] = [
  {
    name: "only lifts the limit without a proxy",
    environment: {},
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" },
  },
  {
    name: "keeps a limit that somebody chose",
    environment: { BUN_CONFIG_MAX_HTTP_REQUESTS: "300" },
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "300" },
  },
  {
    name: "keeps this machine off a proxy",
    environment: { HTTPS_PROXY: "http://p", NO_PROXY: "corp.example,localhost" },
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535", no_proxy: "corp.example,localhost,127.0.0.1,[::1]" },
  },
  {
    name: "reads the lower-case exceptions before the upper-case ones",
    environment: { http_proxy: "http://p", NO_PROXY: "a", no_proxy: "b" },
    want: { BUN_CONFIG_MAX_HTTP_REQUESTS: "65535", no_proxy: "b,localhost,127.0.0.1,[::1]" },
  },
];

test.each(settings)("startUpSettings $name, and wants no second restart", ({ environment, want }) => {
  expect(startUpSettings(environment)).toEqual(want);
  expect(startUpSettings({ ...environment, ...want })).toEqual(want);
});
