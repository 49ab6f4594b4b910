import type { ExtAuth } from "../../model/access.ts";
import type { AccessRequest, Admission, HeaderChange, Refused } from "./admission.ts";
import { nobody } from "./admission.ts";

/** What an authorization service is sent. */
export interface AuthQuestion {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly signal: AbortSignal;
}

export type AskService = (question: AuthQuestion) => Promise<Response>;

/** What it always gets. */
const usualHeaders = ["authorization"];
/** About its own connection. */
const notForClients = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "date",
  "upgrade",
]);

/** Makes the check that asks a service over HTTP: 200 lets a request in, any other answer below 500 is the client's. */
export function prepareExtAuth(
  policy: ExtAuth,
  ask: AskService,
): (request: AccessRequest) => Promise<Admission> {
  const wanted = [...new Set([...usualHeaders, ...policy.requestHeaders])];
  return async (request) => {
    try {
      const answer = await ask(question(policy, wanted, request));
      if (answer.status === 200) return admit(policy, answer);
      if (answer.status < 500) return await refuse(answer);
      await answer.body?.cancel();
      return unavailable(policy, `the authorization service answered ${answer.status}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return unavailable(policy, `the authorization service cannot be asked: ${reason}`);
    }
  };
}

function question(policy: ExtAuth, wanted: readonly string[], request: AccessRequest): AuthQuestion {
  const headers: { [name: string]: string } = { "content-length": "0" };
  const host = request.headers.get("host") ?? request.headers.get(":authority");
  if (host !== null) headers["host"] = host;
  for (const name of wanted) {
    const value = request.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  return {
    method: request.method,
    path: policy.isWholePath ? policy.path : policy.path + request.target,
    headers,
    signal: AbortSignal.timeout(policy.timeoutMs),
  };
}

async function admit({ answerHeaders }: ExtAuth, answer: Response): Promise<Admission> {
  await answer.body?.cancel();
  const changes: HeaderChange[] = [];
  for (const name of answerHeaders) {
    const value = answer.headers.get(name);
    if (value !== null) changes.push([name, value]);
  }
  return { type: "admitted", identity: nobody, changes };
}

async function refuse(answer: Response): Promise<Refused> {
  const headers: [string, string][] = [];
  answer.headers.forEach((value, name) => {
    if (!notForClients.has(name)) headers.push([name, value]);
  });
  return {
    type: "refused",
    code: "forbidden",
    status: answer.status,
    message: "",
    reason: `the authorization service answered ${answer.status}`,
    headers,
    body: await answer.text(),
  };
}

function unavailable(policy: ExtAuth, reason: string): Admission {
  if (policy.isFailOpen) return { type: "admitted", identity: nobody, changes: [] };
  const message = "this request cannot be authorized now";
  return {
    type: "refused",
    code: "access_unavailable",
    status: policy.failStatus,
    message,
    reason,
    headers: [],
  };
}
