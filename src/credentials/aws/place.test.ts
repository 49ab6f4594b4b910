import { expect, test } from "bun:test";
import { placeOf } from "./place.ts";

const own = "eu-central-1";
const own_host = `bedrock-runtime.${own}.amazonaws.com`;

const cases: readonly (readonly [upstream: string | undefined, host: string, region: string])[] = [
  ["bedrock-runtime.us-west-2.amazonaws.com", "bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"],
  ["Bedrock-Runtime.US-West-2.amazonaws.com", "bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"],
  [
    "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
    "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
    "us-gov-west-1",
  ],
  [
    "vpce-1-a.bedrock-runtime.us-east-1.vpce.amazonaws.com",
    "vpce-1-a.bedrock-runtime.us-east-1.vpce.amazonaws.com",
    "us-east-1",
  ],
  ["bedrock-runtime.us-east-2.api.aws", "bedrock-runtime.us-east-2.api.aws", "us-east-2"],
  [
    "bedrock-runtime.us-east-1.amazonaws.com.example.org",
    "bedrock-runtime.us-east-1.amazonaws.com.example.org",
    own,
  ],
  ["notbedrock-runtime.us-east-1.amazonaws.com", "notbedrock-runtime.us-east-1.amazonaws.com", own],
  ["proxy.internal", "proxy.internal", own],
  ["localhost", "localhost", own],
  [undefined, own_host, own],
  ["127.0.0.1", own_host, own],
  ["::1", own_host, own],
  ["[::1]", own_host, own],
];

test.each(cases)("a request to %s is signed for host %s in %s", (upstream, host, region) => {
  expect(placeOf(upstream, own)).toEqual({ host, region });
});
