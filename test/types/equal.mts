/** True for types that are the same, and not only assignable; `any` is equal to nothing else. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Does not compile for false. */
export type Expect<T extends true> = T
