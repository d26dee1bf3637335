/** How the calls for a row ended. */
export type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown }
