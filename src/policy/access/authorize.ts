import type { Authorization, AuthorizationRule } from "../../model/access.ts";
import { type AccessRequest, forbidden, type Identity, type Refused } from "./admission.ts";
import { compileCidrs } from "./cidrs.ts";
import { fitsClaim, readScopes } from "./claims.ts";

type Fits = (request: AccessRequest, identity: Identity) => boolean;

/** Makes the check of what an identity may do: the first rule that fits decides. */
export function prepareAuthorization({
  rules,
  isAllowedByDefault,
}: Authorization): (request: AccessRequest, identity: Identity) => Refused | undefined {
  const prepared = rules.map((rule) => ({ isAllow: rule.isAllow, fits: prepareRule(rule) }));
  return (request, identity) => {
    const index = prepared.findIndex(({ fits }) => fits(request, identity));
    const isAllowed = prepared[index]?.isAllow ?? isAllowedByDefault;
    if (isAllowed) return undefined;
    const reason = index < 0 ? "no authorization rule fits" : `authorization rule ${index} denies`;
    return forbidden("this client is not allowed to do that", reason);
  };
}

function prepareRule({ methods, cidrs, headers, jwt }: AuthorizationRule): Fits {
  const checks: Fits[] = [];
  if (methods.length > 0) checks.push(({ method }) => methods.includes(method));
  if (cidrs.length > 0) {
    const isIn = compileCidrs(cidrs);
    checks.push((request) => {
      const address = request.clientAddress();
      return address !== undefined && isIn(address);
    });
  }
  for (const { name, values } of headers) {
    checks.push((request) => values.includes(request.headers.get(name) ?? "") && request.headers.has(name));
  }
  if (jwt !== undefined) {
    const { provider, scopes, claims: wanted } = jwt;
    checks.push((_request, { claims }) => {
      const own = claims.get(provider);
      if (own === undefined || !wanted.every((match) => fitsClaim(own, match))) return false;
      const granted = scopes.length === 0 ? undefined : readScopes(own);
      return scopes.every((scope) => granted?.has(scope) === true);
    });
  }
  return (request, identity) => checks.every((check) => check(request, identity));
}
