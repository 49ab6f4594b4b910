import { expect, test } from "bun:test";
import { credential, failureOf, prepareSigner, unsigned } from "./testing.ts";

const source = { type: "ambient" } as const;
const way = { type: "gcp", project: "p", region: "europe-west1", source } as const;
const signer = prepareSigner(credential(way, { header: "x-aigw-gcp-access-token", hasFallback: false }), {
  value: () => undefined,
});

const paths = [
  { path: "publishers/google/models/g:generateContent", want: "/publishers/google/models/g:generateContent" },
  { path: "/endpoints/openapi/chat/completions", want: "/endpoints/openapi/chat/completions" },
];
test.each(paths)("TokenSigner puts $path below the project and its region", async ({ path, want }) => {
  expect(await signer.sign(unsigned({ "x-aigw-gcp-access-token": " own " }, { path }))).toEqual({
    set: [["authorization", "Bearer own"]],
    path: `/v1/projects/p/locations/europe-west1${want}`,
  });
});

test("TokenSigner refuses a request without a token where only the request's will do", async () => {
  const { code, message } = await failureOf(() => signer.sign(unsigned()));
  expect([code, message]).toEqual(["missing_credential", "missing upstream credential"]);
});
