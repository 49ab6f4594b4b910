import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { type AwsKeys, canonicalRequest, SigningKeys, signV4 } from "./signature-v4.ts";

function sign(
  path: string,
  host: string,
  keys: AwsKeys,
  scope: { region: string; service: string },
  at: string,
) {
  return (method: string, body: string) =>
    Object.fromEntries(
      signV4(
        { method, path, host, body: new TextEncoder().encode(body) },
        keys,
        scope,
        new Date(at),
        new SigningKeys(),
      ),
    );
}

/** From AWS's published signing test suite: those that sign no headers but host, date and token. */
const official: readonly (readonly [name: string, request: string, signature: string])[] = [
  ["post-vanilla", "POST /", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  ["get-utf8", "GET /ሴ", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"],
  ["get-space", "GET /example space/", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"],
  [
    "get-unreserved",
    "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
  ],
  [
    "get-slashes-unnormalized",
    "GET //example//",
    "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
  ],
  [
    "get-vanilla-query-order-encoded",
    "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
    "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
  ],
  [
    "get-vanilla-utf8-query",
    "GET /?ሴ=bar",
    "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
  ],
  [
    "get-vanilla-query-order-key-case",
    "GET /?Param2=value2&Param1=value1",
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
  [
    "get-vanilla-empty-query-key",
    "GET /?Param1=value1",
    "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  ],
  [
    "get-vanilla-query-unreserved",
    "GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
  ],
];
const officialKeys = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const officialScope = { region: "us-east-1", service: "service" };

describe("signV4 signs as AWS's own test suite has it", () => {
  test.each(official)("%s", (_, request, signature) => {
    const space = request.indexOf(" ");
    const [method, path] = [request.slice(0, space), request.slice(space + 1)];
    expect(
      sign(path, "example.amazonaws.com", officialKeys, officialScope, "2015-08-30T12:36:00Z")(method, ""),
    ).toEqual({
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
      "x-amz-date": "20150830T123600Z",
    });
  });

  test("get-vanilla-with-session-token", () => {
    const sessionToken = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    const keys = { ...officialKeys, sessionToken };
    expect(
      sign("/", "example.amazonaws.com", keys, officialScope, "2015-08-30T12:36:00Z")("GET", ""),
    ).toEqual({
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
      "x-amz-date": "20150830T123600Z",
      "x-amz-security-token": sessionToken,
    });
  });
});

describe("signV4 signs models' paths for Bedrock", () => {
  const host = "bedrock-runtime.us-west-2.amazonaws.com";
  const body = new TextEncoder().encode('{"a":1}');
  const cases = [
    {
      name: "with a colon",
      path: "/model/demo.model-v1:0/converse",
      token: undefined,
      signed: "host;x-amz-date",
      canonical: "0eb330b017a3eef6f50866146746472c7d245fac44f43eac0fc47df53230d3c7",
      signature: "d18f9ead863bfb6089361b571a3048b06a002e64c5b0fd7f0620a9c39f36f32b",
    },
    {
      name: "with an escaped slash, and a session token",
      path: "/model/arn:aws:bedrock:us-west-2:111122223333:inference-profile%2Fdemo/converse",
      token: "TOK",
      signed: "host;x-amz-date;x-amz-security-token",
      canonical: "1ef6f709c565de1a3439ccb6183058aeb78e84d374d7fbcff2903a7d06832763",
      signature: "7d1683cc974eae05b8949bfe9957b271b4b7573e13ff5405ae9d37bdff74fde4",
    },
  ];
  test.each(cases)("$name", ({ path, token, signed, canonical, signature }) => {
    const request = { method: "POST", path, host, body };
    const text = canonicalRequest(request, "20260102T030405Z", signed, token);
    expect(createHash("sha256").update(text).digest("hex")).toBe(canonical);
    const keys: AwsKeys = {
      accessKeyId: "AKIDDEMO",
      secretAccessKey: "demosecret",
      ...(token !== undefined && { sessionToken: token }),
    };
    const scope = { region: "us-west-2", service: "bedrock" };
    const headers = Object.fromEntries(
      signV4(request, keys, scope, new Date("2026-01-02T03:04:05Z"), new SigningKeys()),
    );
    expect(headers["authorization"]).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDDEMO/20260102/us-west-2/bedrock/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
    );
  });
});

test("SigningKeys gives the key of what is asked, whatever was asked before", () => {
  const keys = new SigningKeys();
  const fresh = (...scope: [string, string, string, string]) => new SigningKeys().derive(...scope);
  const scopes: [string, string, string, string][] = [
    ["secret", "20260102", "us-west-2", "bedrock"],
    ["secret", "20260103", "us-west-2", "bedrock"],
    ["other", "20260103", "us-west-2", "bedrock"],
    ["other", "20260103", "eu-west-1", "bedrock"],
    ["other", "20260103", "eu-west-1", "sts"],
  ];
  for (const scope of scopes) {
    expect(keys.derive(...scope)).toEqual(fresh(...scope));
    expect(keys.derive(...scope)).toEqual(fresh(...scope));
  }
});
