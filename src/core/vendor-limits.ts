/** What a vendor says of its limits beside an answer. Absolute instants are epoch milliseconds. */
export interface VendorLimits {
  readonly requestsLimit?: number | undefined;
  readonly requestsRemaining?: number | undefined;
  readonly requestsResetMs?: number | undefined;
  readonly tokensLimit?: number | undefined;
  readonly tokensRemaining?: number | undefined;
  readonly tokensResetMs?: number | undefined;
}
