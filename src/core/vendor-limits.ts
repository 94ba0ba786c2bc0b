/** What a vendor says of its limits beside an answer. Absolute instants are epoch milliseconds. */
export interface VendorLimits {
  readonly requestsLimit?: number;
  readonly requestsRemaining?: number;
  readonly requestsResetMs?: number;
  readonly tokensLimit?: number;
  readonly tokensRemaining?: number;
  readonly tokensResetMs?: number;
}
