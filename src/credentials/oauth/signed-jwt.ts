import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto";

/** A JWT signed with RSA and SHA-256, padded the old way (RS256) or the new (PS256). `what` names the key in messages. */
export function signedJwt(
  algorithm: "RS256" | "PS256",
  header: object,
  claims: object,
  privateKey: string,
  what: string,
): string {
  const signed = `${encode({ alg: algorithm, ...header })}.${encode(claims)}`;
  const padding = algorithm === "PS256" ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const key = { key: readKey(privateKey, what), padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

function readKey(pem: string, what: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // Said below, without anything of the key.
  }
  throw new Error(`${what} is not an RSA key in PEM`);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
