import type { Access, ExtAuth, JwtProvider } from "../../model/access.ts";
import type { HeaderView } from "../../model/headers.ts";
import type { Secrets } from "../../model/values.ts";
import {
  type AccessRequest,
  type Admission,
  type HeaderChange,
  type Identity,
  nobody,
  type Refused,
} from "./admission.ts";
import { prepareApiKeys } from "./api-keys.ts";
import { prepareAuthorization } from "./authorize.ts";
import { prepareBasicUsers } from "./basic-users.ts";
import { type PreparedCors, prepareCors } from "./cors.ts";
import { type AskService, prepareExtAuth } from "./ext-auth.ts";
import { prepareJwt } from "./jwt-policy.ts";
import type { FetchDocument, KeySets } from "./key-set.ts";

/** What checks need of the world. */
export interface AccessServices {
  readonly keySets: KeySets;
  fetchDocument(provider: JwtProvider): FetchDocument;
  askService(policy: ExtAuth): AskService;
}

/** One `Access`, ready to be asked. */
export interface Gatekeeper {
  readonly cors: PreparedCors | undefined;
  /** Who is it? Everything but `authorize`. */
  authenticate(request: AccessRequest): Promise<Admission>;
  /** May this client do that? Headers are those after the changes of `authenticate`. */
  authorize(request: AccessRequest, identity: Identity): Refused | undefined;
  /** What `authorize` says depends on the model, so it must wait for that. */
  readonly isModelAsked: boolean;
}

type Check = (request: AccessRequest) => Admission | Promise<Admission>;

/** Headers that the gateway sets by itself, the model's among them, once a body was read. */
const internalPrefix = "x-ai-eg-";

export function prepareGatekeeper(access: Access, secrets: Secrets, services: AccessServices): Gatekeeper {
  const { extAuth, apiKeys, basic, jwt, authorization, cors } = access;
  const checks: Check[] = [];
  if (extAuth !== undefined) checks.push(prepareExtAuth(extAuth, services.askService(extAuth)));
  if (apiKeys !== undefined) checks.push(prepareApiKeys(apiKeys, secrets));
  if (basic !== undefined) checks.push(prepareBasicUsers(basic, secrets));
  if (jwt !== undefined) {
    checks.push(prepareJwt(jwt, services.keySets, (provider) => services.fetchDocument(provider)));
  }
  const names = authorization?.rules.flatMap(({ headers }) => headers.map(({ name }) => name)) ?? [];
  return {
    cors: cors === undefined ? undefined : prepareCors(cors),
    authenticate: (request) => passAll(checks, request),
    authorize: authorization === undefined ? () => undefined : prepareAuthorization(authorization),
    isModelAsked: names.some((name) => name.startsWith(internalPrefix)),
  };
}

/** Each check sees the request as the ones before have left it. */
async function passAll(checks: readonly Check[], request: AccessRequest): Promise<Admission> {
  let seen = request;
  let identity: Identity = nobody;
  const changes: HeaderChange[] = [];
  for (const check of checks) {
    const admission = await check(seen);
    if (admission.type === "refused") return admission;
    identity = join(identity, admission.identity);
    changes.push(...admission.changes);
    if (admission.changes.length > 0 || admission.target !== undefined) seen = changed(seen, admission);
  }
  const target = seen.target === request.target ? {} : { target: seen.target };
  return { type: "admitted", identity, changes, ...target };
}

function join(one: Identity, other: Identity): Identity {
  if (one === nobody) return other;
  const name = one.name ?? other.name;
  return { claims: new Map([...one.claims, ...other.claims]), ...(name === undefined ? {} : { name }) };
}

function changed(
  request: AccessRequest,
  {
    changes,
    target = request.target,
  }: { readonly changes: readonly HeaderChange[]; readonly target?: string },
): AccessRequest {
  return {
    method: request.method,
    target,
    headers: new ChangedHeaders(request.headers, changes),
    clientAddress: () => request.clientAddress(),
  };
}

/** Headers with changes laid over them; of several changes of a header the last counts. */
export class ChangedHeaders implements HeaderView {
  readonly #below: HeaderView;
  readonly #changes: ReadonlyMap<string, string | undefined>;

  constructor(below: HeaderView, changes: readonly HeaderChange[]) {
    this.#below = below;
    this.#changes = new Map(changes);
  }

  get(name: string): string | null {
    return this.#changes.has(name) ? (this.#changes.get(name) ?? null) : this.#below.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  forEach(visit: (value: string, name: string) => void): void {
    this.#below.forEach((value, name) => {
      if (!this.#changes.has(name)) visit(value, name);
    });
    for (const [name, value] of this.#changes) if (value !== undefined) visit(value, name);
  }
}
