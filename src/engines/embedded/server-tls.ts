import type { Listener } from "../../model/listener.ts";
import type { Secrets } from "../../model/values.ts";
import type { ServerTlsOptions } from "../../runtime/runtime.ts";

/** The certificates of a socket; `undefined` where clients speak plainly. Throws for what only Envoy can. */
export function prepareServerTls(
  { chains }: Pick<Listener, "chains">,
  secrets: Secrets,
): readonly ServerTlsOptions[] | undefined {
  const options = chains.flatMap(({ tls }): ServerTlsOptions[] => {
    if (tls === undefined) return [];
    if (tls.client?.isOptional === true)
      throw new Error(
        "clientValidation.optional needs --engine envoy: here a certificate is asked for or not",
      );
    const authorities = tls.client?.authorities.flatMap((ref) => secrets.value(ref) ?? []);
    return tls.certificates.map(({ chain, key }) => ({
      ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
      chain: secrets.value(chain) ?? "",
      key: secrets.value(key) ?? "",
      minVersion: tls.minVersion,
      maxVersion: tls.maxVersion,
      ...(authorities === undefined ? {} : { clientAuthorities: authorities }),
    }));
  });
  return options.length === 0 ? undefined : options;
}
