/** What OAuth's token endpoints give, and what is sent as a bearer. */
export interface AccessToken {
  readonly token: string;
  /** Google: the project that is billed for a user's requests. */
  readonly quotaProject?: string | undefined;
}
