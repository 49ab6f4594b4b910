import { scopeName } from "../otel/scope.ts";
import { joinLabels, type Labels } from "./labels.ts";

/** On every series as Prometheus shows it; the reference writes the empty ones out too. */
const scope: Labels = {
  otel_scope_name: scopeName,
  otel_scope_schema_url: "",
  otel_scope_version: "",
};

/** A label set of one instrument. */
export class Series {
  readonly labels: Labels;
  #labelText: string | undefined;

  constructor(labels: Labels) {
    this.labels = labels;
  }

  /** The labels as an exposition holds them, in the order of their names. */
  get labelText(): string {
    this.#labelText ??= joinLabels({ ...this.labels, ...scope });
    return this.#labelText;
  }
}
