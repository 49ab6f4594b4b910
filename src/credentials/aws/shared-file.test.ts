import { expect, test } from "bun:test";
import { readSharedFile, staticKeys } from "./shared-file.ts";

const text = `
; a comment
aws_access_key_id = of no section
[default]
aws_access_key_id=ID
aws_secret_access_key = se/cr=et  # of the default
region = us-east-1\r
[ profile  work ]
AWS_Access_Key_Id = first
aws_access_key_id = WORK
aws_secret_access_key = work#secret
aws_session_token = token
nothing
[half]
aws_access_key_id = HALF
[assumed]
role_arn = arn:aws:iam::1:role/x
`;

const cases = [
  { profile: "default", want: { accessKeyId: "ID", secretAccessKey: "se/cr=et" } },
  {
    profile: "work",
    want: { accessKeyId: "WORK", secretAccessKey: "work#secret", sessionToken: "token" },
  },
  { profile: "half", want: undefined },
  { profile: "assumed", want: undefined },
];

test.each(cases)("the keys of profile $profile", ({ profile, want }) => {
  expect(staticKeys(readSharedFile(text).get(profile) ?? new Map())).toEqual(want);
});

test("a file without profiles has none", () => {
  expect([...readSharedFile("").keys(), ...readSharedFile("aws_access_key_id = x").keys()]).toEqual([]);
  expect([...readSharedFile(text).keys()]).toEqual(["default", "work", "half", "assumed"]);
});
