/** The task of every peer that loads modules: what it costs is the peer's own doing. */
export async function echo(value) {
  return value
}

/** For peers that call a module's default export. */
export default echo

export async function* count(items) {
  for (let i = 0; i < items; i++) yield i
}
