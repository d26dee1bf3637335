/** How the calls for a row ended. */
export type Outcome =
  | { ok: true; value: unknown }
  /** With `isLasting` another try would fail in the same way. */
  | { ok: false; error: unknown; isLasting?: boolean }
