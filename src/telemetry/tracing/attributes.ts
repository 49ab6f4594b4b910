/** What a span says of itself: names of the conventions to values, written in any order. */
export interface Attributes {
  [name: string]: AttributeValue;
}

export type AttributeValue = string | number | boolean | string[] | number[];

/** Sets what is there. */
export function put(attributes: Attributes, name: string, value: AttributeValue | undefined): void {
  if (value !== undefined) attributes[name] = value;
}

/** Sets text that is not empty. */
export function putText(attributes: Attributes, name: string, value: unknown): void {
  if (typeof value === "string" && value !== "") attributes[name] = value;
}

export function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
