import { expect, test } from "bun:test";
import { TelemetryFailure } from "../telemetry-failure.ts";
import { headerLabels, labelName } from "./labels.ts";

test.each([
  ["tenant.id", "tenant_id"],
  ["x-team", "x_team"],
  ["a:b c", "a_b_c"],
  ["1st", "key_1st"],
  ["_a", "key_a"],
  ["été", "_t_".replace(/^/, "key")],
])("labelName makes of %p %p", (attribute, want) => expect(labelName(attribute)).toBe(want));

test.each([
  ["gen_ai.request.model", "is a label that metrics have already"],
  ["error.type", "is a label that metrics have already"],
  ["le", "is a label that metrics have already"],
  ["team_id", 'is also that of "team.id"'],
])("headerLabels refuses the attribute %p", (attribute, message) => {
  const attributes = [
    { attribute: "team.id", headers: ["x-team"] },
    { attribute, headers: ["x-other"] },
  ];
  expect(() => headerLabels(attributes)).toThrow(TelemetryFailure);
  expect(() => headerLabels(attributes)).toThrow(message);
});
