import { describe, expect, test } from "bun:test";
import type { Credential, CredentialOverride } from "../model/credential.ts";
import type { Signature } from "./signer.ts";
import { isStripped } from "./strip.ts";
import {
  credential,
  FakeEndpoint,
  failureOf,
  prepareSigner,
  secretRef,
  TestWorld,
  unsigned,
} from "./testing.ts";

const azureWay = {
  type: "azure",
  tenantId: "t",
  clientId: "c",
  source: { type: "secret", secret: secretRef },
} as const;
const gcpWay = {
  type: "gcp",
  project: "p",
  region: "europe-west1",
  source: { type: "key", secret: secretRef },
} as const;

/** A cloud that gives `t1`, `t2`, … */
class Cloud implements Disposable {
  readonly endpoint: FakeEndpoint;
  readonly world: TestWorld;
  isDown = false;
  #count = 0;

  constructor() {
    this.endpoint = new FakeEndpoint(() => {
      this.#count += 1;
      if (this.isDown) return new Response(null, { status: 500 });
      return { access_token: `t${this.#count}`, expires_in: 3600 };
    });
    this.world = new TestWorld({ AZURE_AUTHORITY_HOST: this.endpoint.url });
  }

  signer(way: Credential["way"], override?: CredentialOverride) {
    const key = {
      type: "authorized_user",
      client_id: "id",
      client_secret: "cs",
      refresh_token: "rt",
      token_uri: this.endpoint.url,
      quota_project_id: "payer",
    };
    return prepareSigner(credential(way, override), { value: () => JSON.stringify(key) }, this.world);
  }

  [Symbol.dispose](): void {
    this.endpoint[Symbol.dispose]();
  }
}

const parts = ({ set, path }: Signature) => ({ set, path });

test("TokenSigner sends a token to Azure", async () => {
  using cloud = new Cloud();
  const signer = cloud.signer(azureWay);
  const want = { set: [["authorization", "Bearer t1"]] as const, path: undefined };
  expect(parts(await signer.sign(unsigned()))).toEqual(want);
  const again = signer.sign(unsigned());
  expect(again).not.toBeInstanceOf(Promise);
  expect(parts(await again)).toEqual(want);
  expect(cloud.endpoint.seen.length).toBe(1);
});

const paths = [
  { path: "publishers/google/models/g:generateContent", want: "/publishers/google/models/g:generateContent" },
  { path: "/endpoints/openapi/chat/completions", want: "/endpoints/openapi/chat/completions" },
];
test.each(paths)(
  "TokenSigner puts $path below Google's project and region, and names who pays",
  async (given) => {
    using cloud = new Cloud();
    expect(parts(await cloud.signer(gcpWay).sign(unsigned({}, { path: given.path })))).toEqual({
      set: [
        ["authorization", "Bearer t1"],
        ["x-goog-user-project", "payer"],
      ],
      path: `/v1/projects/p/locations/europe-west1${given.want}`,
    });
  },
);

const ways = [
  { name: "Azure", way: azureWay, header: "x-aigw-azure-access-token" },
  { name: "Google", way: gcpWay, header: "x-aigw-gcp-access-token" },
];
describe.each(ways)("with an override, a token for $name", ({ way, header }) => {
  const cases: { name: string; value: string | undefined; hasFallback: boolean; want: string | undefined }[] =
    [
      { name: "is the request's", value: " own ", hasFallback: true, want: "Bearer own" },
      { name: "is the request's, without fallback", value: "own", hasFallback: false, want: "Bearer own" },
      {
        name: "is the configured one where the request's is blank",
        value: " ",
        hasFallback: true,
        want: "Bearer t1",
      },
      {
        name: "is the configured one where there is none",
        value: undefined,
        hasFallback: true,
        want: "Bearer t1",
      },
      { name: "is missed where it is blank", value: " ", hasFallback: false, want: undefined },
      { name: "is missed where there is none", value: undefined, hasFallback: false, want: undefined },
    ];
  test.each(cases)("$name", async ({ value, hasFallback, want }) => {
    using cloud = new Cloud();
    const signer = cloud.signer(way, { header, hasFallback });
    expect(isStripped(signer.strip, header)).toBe(true);
    const request = unsigned(value === undefined ? {} : { [header]: value });
    if (want === undefined) {
      const { code, message } = await failureOf(() => signer.sign(request));
      expect([code, message]).toEqual(["missing_credential", "missing upstream credential"]);
    } else {
      expect(new Map((await signer.sign(request)).set).get("authorization")).toBe(want);
    }
  });
});

describe("TokenSigner, after a refusal,", () => {
  const answer = (status: number) => ({ status, headers: new Headers() });

  test("has another token", async () => {
    using cloud = new Cloud();
    const signer = cloud.signer(azureWay);
    const first = await signer.sign(unsigned());
    expect(signer.refused?.(first, answer(401))).toBe(true);
    expect((await signer.sign(unsigned())).set).toEqual([["authorization", "Bearer t2"]]);
  });

  test("has none for what was no refusal, nor for the request's own", async () => {
    using cloud = new Cloud();
    const signer = cloud.signer(azureWay, { header: "x-own", hasFallback: true });
    expect(signer.refused?.(await signer.sign(unsigned()), answer(429))).toBe(false);
    expect(signer.refused?.(await signer.sign(unsigned({ "x-own": "own" })), answer(401))).toBe(false);
    expect(cloud.endpoint.seen.length).toBe(1);
  });
});

test("TokenSigner tells the client nothing of why there is no token", async () => {
  using cloud = new Cloud();
  cloud.isDown = true;
  const { code, message, cause } = await failureOf(() => cloud.signer(azureWay).sign(unsigned()));
  expect([code, message]).toEqual([
    "credential_unavailable",
    "the credential for the upstream is not available",
  ]);
  expect((cause as Error).message).toBe("Entra ID answered 500");
  expect(cloud.world.lines).toEqual(["c failed: Entra ID answered 500"]);
});
