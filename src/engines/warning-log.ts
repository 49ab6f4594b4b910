import type { ExchangeHooks } from "../exchange/prepare.ts";
import type { Logger } from "../telemetry/index.ts";

/** So many different warnings are remembered as said; clients have a say in what they are about. */
const maxRemembered = 1000;

/**
 * Tells the log what of requests and answers does not travel between two APIs.
 * A loud one is a warning the first time, so that an operator sees it; what repeats itself is for `--debug`.
 */
export function warningLog(log: Logger): ExchangeHooks["onWarning"] {
  const said = new Set<string>();
  return ({ level, path, message }, requestId, backend) => {
    const key = `${backend.key} ${path.replaceAll(/\d+/g, "")} ${message}`;
    const isNew = level === "loud" && !said.has(key) && said.size < maxRemembered;
    if (!isNew && !log.isOn("debug")) return;
    const fields = { member: path, reason: message, backend: backend.key, request_id: requestId };
    if (!isNew) {
      log.debug("left out in translation", fields);
      return;
    }
    said.add(key);
    log.warn("left out in translation; said once for each kind", fields);
  };
}
