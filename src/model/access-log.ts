import type { Keyed } from "./origin.ts";
import type { Cel, Template } from "./values.ts";

/** One format at one sink. `scope`: which requests it is about. */
export interface AccessLog extends Keyed {
  readonly scope: "all" | "route" | "no-route";
  /** All must be true; an expression that fails counts as false. */
  readonly filters: readonly Cel[];
  readonly format:
    | { readonly type: "text"; readonly text: Template }
    | { readonly type: "json"; readonly members: readonly (readonly [string, Template])[] };
  readonly sink:
    | { readonly type: "file"; readonly path: string }
    /** `address` is `host:port`. `body` is a record's text; what a JSON format has are its attributes. */
    | {
        readonly type: "otlp";
        readonly address: string;
        readonly resource: { readonly [attribute: string]: string };
        readonly body?: Template;
      };
}
