/** A Bedrock that takes signed requests only; signatures are checked by AWS's own signer, which the program does not use. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { framesOf } from "../../src/dialects/converse/testing.ts";
import { type Answer, type Seen, startUpstream, type Upstream } from "./upstream.ts";

export interface Account {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface FakeBedrock extends Upstream {
  /** Whose signatures it takes, and in which region. */
  account: Account;
  region: string;
  /** By how much its clock is ahead of ours. */
  aheadMs: number;
}

/** AWS's tolerance. */
const maxSkewMs = 5 * 60_000;

export function startFakeBedrock(account: Account, region = "us-east-1"): FakeBedrock {
  const upstream = startUpstream();
  const bedrock: FakeBedrock = Object.assign(upstream, { account, region, aheadMs: 0 });
  upstream.answerWith(async (request) => (await problemOf(request, bedrock)) ?? answer(request));
  return bedrock;
}

function exception(type: string, message: string, aheadMs: number): Response {
  const headers = {
    "x-amzn-errortype": `${type}:http://internal.amazon.com/coral/com.amazon.coral.service/`,
    date: new Date(Date.now() + aheadMs).toUTCString(),
  };
  return Response.json({ message }, { status: 403, headers });
}

async function problemOf(
  request: Seen,
  { account, region, aheadMs }: FakeBedrock,
): Promise<Response | undefined> {
  const date = request.headers.get("x-amz-date") ?? "";
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  const sent = request.headers.get("authorization") ?? "";
  const token = request.headers.get("x-amz-security-token") ?? undefined;
  if (!sent.includes(`Credential=${account.accessKeyId}/`) || token !== account.sessionToken) {
    return exception(
      "ExpiredTokenException",
      "The security token included in the request is expired",
      aheadMs,
    );
  }
  if (Number.isNaN(at) || Math.abs(at - Date.now() - aheadMs) > maxSkewMs) {
    return exception("InvalidSignatureException", "Signature expired", aheadMs);
  }
  if ((await signatureOf(request, account, region, new Date(at))) === sent) return undefined;
  return exception(
    "InvalidSignatureException",
    "The request signature we calculated does not match",
    aheadMs,
  );
}

async function signatureOf(
  request: Seen,
  account: Account,
  region: string,
  at: Date,
): Promise<string | undefined> {
  const signer = new SignatureV4({
    credentials: account,
    region,
    service: "bedrock",
    sha256: Sha256,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: request.method,
      protocol: "https:",
      hostname: "unused",
      path: request.path,
      query: {},
      headers: { host: request.headers.get("host") ?? "" },
      body: request.bytes,
    },
    { signingDate: at },
  );
  return signed.headers["authorization"];
}

/** A hash as AWS's signer wants it. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash | typeof createHmac>;

  constructor(key?: unknown) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key as Uint8Array);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }

  reset(): void {}
}

const usage = { inputTokens: 3, outputTokens: 2, totalTokens: 5 };

const answer: Answer = ({ path, text }) => {
  // An embedding that tells which text it is of.
  if (path.endsWith("/invoke")) {
    const { length } = (JSON.parse(text) as { inputText: string }).inputText;
    return Response.json({ embedding: [length, 0.5], inputTextTokenCount: length });
  }
  if (!path.endsWith("/converse-stream")) {
    return Response.json({
      output: { message: { role: "assistant", content: [{ text: "Four." }] } },
      stopReason: "end_turn",
      usage,
    });
  }
  const frames = framesOf(
    ["messageStart", { role: "assistant" }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Four." } }],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["messageStop", { stopReason: "end_turn" }],
    ["metadata", { usage }],
  );
  return new Response(new Uint8Array(frames), {
    headers: { "content-type": "application/vnd.amazon.eventstream" },
  });
};
