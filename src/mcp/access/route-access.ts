import type { McpRoute } from "../../model/mcp.ts";
import type { Secrets } from "../../model/values.ts";
import type { AccessRequest, Refused } from "../../policy/access/admission.ts";
import { openAccess, type RouteAccess } from "./access.ts";
import { Challenges } from "./challenges.ts";
import { prepareJudge } from "./decide.ts";
import { documentCors, OauthDocuments } from "./documents.ts";
import { type AccessServices, prepareVerifier } from "./verify-caller.ts";

/**
 * Makes a route's security policy ready. `isAlone`: no other route has OAuth, so that clients which look for its
 * documents at the root find them there as well.
 */
export function createRouteAccess(
  { path, security, backendSelector }: McpRoute,
  secrets: Secrets,
  services: AccessServices,
  isAlone: boolean,
): RouteAccess {
  const { oauth, authorization } = security;
  const verify = prepareVerifier(security, secrets, services);
  const documents =
    oauth === undefined
      ? undefined
      : new OauthDocuments(path, oauth, services.fetchDocument(undefined), isAlone);
  const judge = authorization && prepareJudge(authorization);
  const selects = backendSelector && prepareJudge(backendSelector);
  const challenges = oauth && new Challenges(oauth);
  return {
    documentPaths: documents?.paths ?? [],
    document: (at, request) => documents?.answer(at, request) ?? openAccess.document(at, request),
    authenticate(request) {
      if (verify === undefined) return openAccess.authenticate(request);
      return verify(describe(request)).then((result) => ("type" in result ? refuse(result) : result));
    },
    selects(backend, caller, request) {
      if (selects === undefined) return true;
      const operation = { method: "initialize", backend, kind: undefined, name: "", params: {} };
      return selects(operation, caller, request).isAllowed;
    },
    decides: judge !== undefined,
    decide(operation, caller, request) {
      if (judge === undefined) return "allow";
      if (operation.kind !== "tool" && authorization?.coversAll !== true) return "allow";
      const { isAllowed, scopes } = judge(operation, caller, request);
      if (isAllowed) return "allow";
      return scopes === undefined || challenges === undefined
        ? "hide"
        : { challenge: challenges.insufficient(scopes) };
    },
  };
}

function describe(request: Request): AccessRequest {
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  return { method, target: pathname + search, headers, clientAddress: () => undefined };
}

/** As MCP clients read it: an error of JSON-RPC, and where to get a token. */
function refuse({ status, message, headers }: Refused): Response {
  const body = { jsonrpc: "2.0", id: null, error: { code: -32000, message } };
  const shown = { ...documentCors, "access-control-expose-headers": "www-authenticate" };
  return Response.json(body, { status, headers: { ...shown, ...Object.fromEntries(headers) } });
}
