// The ES module face of the one CommonJS implementation, so that a process has one copy of it.
export * from './index.js'
